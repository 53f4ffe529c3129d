"""Whole nights with keys that are rotated, lost, restored and destroyed in between."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from exchange import flow
from exchange.ledger.loads import Loads
from exchange.quarantine import drop, resend, tickets
from exchange.shred import shred
from schemas.errors import FileDamaged, GuijiError, KeyDestroyed, KeyMissing
from tests.flow.conftest import Install
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.oracle import faults

FEED = "market/penalty"
WHO = ("保存期满", "tester")


def clean(at: Installation) -> list[str]:
    found = [words for code in RECEIVERS for words in faults(at.world, at.receiver(code), FEED, at.world.night)]
    return found if at.balance(FEED).state == "closed" else [*found, "not closed"]


def drop_tickets(at: Installation) -> None:
    site = at.site()
    for ticket in tickets(site, FEED):
        drop(site, ticket.id, *WHO)
    site.ledger.engine.dispose()


def destroy(at: Installation, load: int) -> list[str]:
    site = at.site()
    try:
        return shred(site, load, *WHO)
    finally:
        site.ledger.engine.dispose()


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "sm4-gcm"])
def test_a_rotation_between_two_steps_of_a_night_is_not_noticed(
    install: Install, cipher: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUIJI_CIPHER", cipher)
    at = install(only=FEED)
    site = at.site()
    steps: list[Callable[[], object]] = [
        lambda: flow.pull_and_land(site, FEED, at.day),
        lambda: flow.normalize_and_validate(site, FEED),
        *(lambda code=code: flow.seal_and_deliver(site, FEED, code) for code in RECEIVERS),  # type: ignore[misc]
        lambda: flow.reconcile_and_report(site, FEED, at.day),
    ]
    for step in steps:
        step()
        at.site().vault.keys.rotate()
    site.ledger.engine.dispose()
    assert clean(at) == []


def test_without_the_master_key_nothing_moves_and_with_it_everything_does(install: Install) -> None:
    at = install(only=FEED)
    at.run(FEED)
    at.world.advance_to(2)
    master = at.home / "keys/master.json"
    kept = master.rename(at.home / "kept.json")
    with pytest.raises(KeyMissing, match=r"keys/master\.json"):
        at.run(FEED)
    assert not master.exists()
    kept.rename(master)
    at.run(FEED)
    assert clean(at) == []


def first(folder: Path) -> Path:
    return next(path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "manifest.json")


@pytest.mark.parametrize("folder", ["landing", "loads", "deliveries"])
def test_a_file_somebody_touched_stops_the_night_before_a_byte_of_it_is_used(install: Install, folder: str) -> None:
    at = install(only=FEED)
    site = at.site()
    flow.pull_and_land(site, FEED, at.day)
    if folder != "landing":
        flow.normalize_and_validate(site, FEED)
    if folder == "deliveries":
        at.world.province.stop()
        with pytest.raises(GuijiError):
            flow.seal_and_deliver(site, FEED, "province")
        at.world.province.start()
    path = first(site.home / folder)
    if folder == "loads":
        path = next((site.home / folder).rglob("canonical.parquet"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    send = partial(flow.seal_and_deliver, site, FEED, "province")
    with pytest.raises(FileDamaged, match="restore"):
        (partial(flow.normalize_and_validate, site, FEED) if folder == "landing" else send)()
    site.ledger.engine.dispose()
    assert at.world.province.applied() == []


def test_a_destroyed_batch_cannot_be_read_again_and_the_next_night_does_not_need_it(install: Install) -> None:
    at = install(only=FEED)
    at.run(FEED)
    drop_tickets(at)
    site = at.site()
    load = Loads(site.ledger).newest(FEED)
    assert load
    assert load.batch_id
    files = [path for name in ("landing", "loads", "deliveries", "receipts") for path in (at.home / name).rglob("*.*")]
    one = site.delivery_file(next(path.stem for path in files if path.suffix == ".ndjson"))
    copy = one.read_bytes()

    assert len(destroy(at, load.id)) == 2
    assert destroy(at, load.id) == []

    assert len(files) > 5
    left = [path.relative_to(at.home).as_posix() for path in files if path.is_file()]
    assert left == []
    one.write_bytes(copy)  # from a backup
    with pytest.raises(KeyDestroyed, match="was destroyed on"):
        at.site().vault.read(one, site.load_scope(load.id))
    with site.ledger.read() as connection:
        back = connection.exec_driver_sql(
            "SELECT d.key, m.position FROM delivery_member m JOIN delivery d ON d.id = m.delivery "
            "WHERE m.outcome = 'rejected'"
        ).first()
    assert back, "no record came back: take another number of rows"
    with pytest.raises(KeyDestroyed):
        resend(site, *back, *WHO)
    flow.replay(site, load, at.day)
    with pytest.raises(GuijiError, match="not in the landing store → a person destroyed it"):
        flow.normalize_and_validate(site, FEED)
    Loads(site.ledger).abandon(load.id + 1, *WHO, site.ledger.take(FEED))
    with site.ledger.read() as connection:
        said = connection.exec_driver_sql(
            "SELECT subject, detail, person FROM event WHERE what = 'batch shredded'"
        ).all()
    assert [tuple(row) for row in said] == [(f"{FEED} batch {load.batch_id}", *WHO)] * 2
    site.ledger.engine.dispose()

    at.world.advance_to(2)
    at.run(FEED)
    assert clean(at) == []


def test_what_is_not_settled_is_not_destroyed(install: Install) -> None:
    at = install(only=FEED)
    site = at.site()
    load = flow.pull_and_land(site, FEED, at.day)
    with pytest.raises(GuijiError, match="cannot be destroyed yet: load 1 is landed"):
        destroy(at, load)
    at.world.nation.stop()
    with pytest.raises(GuijiError):
        at.run(FEED)
    with pytest.raises(GuijiError, match="cannot be destroyed yet: load"):
        destroy(at, load)
    at.world.nation.start()
    at.run(FEED)
    with pytest.raises(GuijiError, match="held records wait for a person"):
        destroy(at, load)
    site.ledger.engine.dispose()
    assert site.vault.keys.key(site.load_scope(load))
