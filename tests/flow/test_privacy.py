"""After nights that went wrong: no identity number and no name of a person outside the files that must hold them."""

import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.durable import write_file
from sandbox.generator import FEEDS
from sandbox.generator.layouts import LAYOUTS
from sandbox.generator.names import PERSON
from schemas.errors import GuijiError
from tests.flow.conftest import Install
from tests.flow.installation import Installation, edit
from tests.flow.oracle import leaked

ENTITLED = ("landing/", "loads/", "deliveries/", "receipts/")
NUMBERS = ("party_id_number", "legal_representative_id_number")


def secrets_of(at: Installation) -> set[str]:
    """Every identity number, every representative's name, every natural person's name of the nights so far."""
    found: set[str | None] = set()
    for night in range(1, at.world.night + 1):
        for feed, tonight in at.world.truth(night).feeds.items():
            columns, category = LAYOUTS[feed].columns, LAYOUTS[feed].writes.get("party_category", str)
            for row in tonight.rows:
                found |= {row[columns[name]] for name in (*NUMBERS, "legal_representative")}
                if row[columns["party_category"]] == category(PERSON):
                    found.add(row[columns["party_name"]])
    return {one for one in found if one and len(one) > 1}


def not_entitled(home: Path) -> Iterator[Path]:
    """Everything Guiji wrote, but raw batches, canonical rows, request bytes and the receivers' own words."""
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        if path.is_file() and not (name.startswith(ENTITLED) and path.name not in ("manifest.json", "suite.json")):
            yield path


def live(at: Installation, night: int) -> list[str]:
    """One night on all feeds; what the errors said, with their stacks."""
    at.world.advance_to(night)
    told = []
    for feed in FEEDS:
        try:
            at.run(feed)
        except GuijiError as error:
            told.append("".join(traceback.format_exception(error)))
    return told


def test_nothing_personal_outside_the_entitled_files(
    install: Install, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    caplog.set_level(0)
    at = install()
    at.world.nation.faults.set("error_500_after", 100)
    told = live(at, 1)
    at.world.nation.faults.clear()
    edit(at.root / "departments/water/penalty.yaml", "max_held_share: 0.2", "max_held_share: 0.0001")
    told += live(at, 2)
    assert len(told) == len(FEEDS) + 1
    out, err = capfd.readouterr()
    write_file(at.home / "said.txt", [text.encode() for text in (*told, caplog.text, out, err)])
    secrets, looked = secrets_of(at), list(not_entitled(at.home))
    names = {path.relative_to(at.home).parts[0] for path in looked}
    assert {"ledger.db", "reports", "loads", "landing", "said.txt"} <= names
    assert len(secrets) > 100
    assert {path.name: leaked(path, secrets) for path in looked if leaked(path, secrets)} == {}


def test_the_search_would_find_them(install: Install) -> None:
    at = install()
    at.run("market/penalty")
    secrets = secrets_of(at)
    assert any(leaked(path, secrets) for path in (at.home / "deliveries").rglob("*.ndjson"))


def test_names_of_files_and_folders_tell_nothing(install: Install) -> None:
    at = install()
    at.run("market/penalty")
    secrets = secrets_of(at)
    assert not any(secret in path.as_posix() for path in at.home.rglob("*") for secret in secrets)


def test_files_with_records_are_for_the_owner_only(install: Install) -> None:
    at = install()
    at.run("market/penalty")
    homes = [at.home / name for name in ("landing", "loads", "deliveries", "receipts")]
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in homes), [oct(f.stat().st_mode) for f in homes]
