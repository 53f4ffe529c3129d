"""T7: what may go wrong in a department's table, on SQLite, PostgreSQL and MariaDB, and on the wire to it.

After each fault the table is put right again, and then both receivers must hold what the generator planted.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from sandbox.receivers.rules import party_unknown
from schemas.errors import GuijiError, SourceChanged, SourceRefused, SourceUnreachable
from tests.connectors.conftest import maria as maria
from tests.connectors.conftest import postgres as postgres
from tests.flow.conftest import installed
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.oracle import applied_of, cd_id, wanted
from tests.flow.processes import FEED
from tests.soak.figures import tell
from tests.soak.source_faults import SOURCE_FAULTS, STRANGER, SourceFault
from tests.soak.survival import give_up_unread, look, said
from tests.soak.tiers import amount, sampled
from tests.soak.wire import Wire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
BASES = ("sqlite", "postgres", "maria")


@pytest.fixture(params=BASES)
def market_url(request: pytest.FixtureRequest) -> str | None:
    """Where the market department lives; None: in SQLite."""
    return None if request.param == "sqlite" else str(request.getfixturevalue(request.param))


@pytest.fixture
def at(tmp_path: Path, market_url: str | None) -> Iterator[Installation]:
    with installed(tmp_path, 40, only=FEED, market_url=market_url) as made:
        made.run(FEED)
        yield made


def do(at: Installation, *statements: str, row: str = "") -> str:
    """Somebody works in the department's database. Returns the dialect."""
    url = make_url(at.world.market.url.replace("postgresql://", "postgresql+psycopg://"))
    engine = create_engine(url)
    with engine.begin() as connection:
        for one in statements:
            connection.execute(text(one), {"id": row} if ":id" in one else {})
    engine.dispose()
    return url.get_backend_name()


def sound_row(at: Installation, number: int) -> tuple[str, int]:
    """The source key and the serial of a clean record that both receivers have, and the table only once.

    One that stands there twice contradicts itself as soon as one of the two is changed.
    """
    known = wanted(at.world, FEED, at.world.night).items()
    times = Counter(str(row["jdswh"]) for row in at.world.truth().feeds[FEED].rows)
    sound = [(s, one.row) for s, one in known if one.state == "present" and not one.dirt]
    sound = [(serial, row) for serial, row in sound if times[str(row["jdswh"])] == 1]
    kept = [(str(row["id"]), serial) for serial, row in sound if not party_unknown(cd_id(FEED, row))]
    return kept[number % len(kept)]


def happened(at: Installation, fault: SourceFault, number: int) -> list[str]:
    """Do it, run, compare with what must follow; put it right, run, look."""
    (row, serial), before = sound_row(at, number), {code: len(at.receiver(code).applied()) for code in RECEIVERS}
    versions = len(applied_of(at.world.nation, FEED)[serial])
    do(at, *fault.statements(dialect(at)), row=row)
    error = said(at, FEED)
    came = applied_of(at.world.nation, FEED)[serial]
    more = [len(at.receiver(code).applied()) - before[code] for code in RECEIVERS]
    as_expected = {
        "whole": error is None and more == [0, 0],
        "sent": error is None and len(came) == versions + 1 and came[-1].operation == "u",
        "held": len(came) == versions and more == [0, 0],
        "revoked": error is None and came[-1].operation == "d",
        "refused": error is not None and more == [0, 0],
        "either": error is None and len(came) - versions in (0, 1),
    }[fault.expect]
    found = [] if as_expected else [f"not {fault.expect}: {error}, {more} more, {len(came) - versions} of the row"]
    return [*found, *healed(at)]


def dialect(at: Installation) -> str:
    return make_url(at.world.market.url).get_backend_name()


def healed(at: Installation) -> list[str]:
    """The table as it should be; a batch that cannot be read is given up by a person."""
    do(at, "DROP TABLE IF EXISTS xzcf", "DROP TABLE IF EXISTS xzcf_old")
    at.world.market.load(at.world.truth())
    give_up_unread(at, FEED, "表已改正")
    error = said(at, FEED)
    strangers = applied_of(at.world.nation, FEED).get(int(STRANGER), [])
    assert not strangers or strangers[-1].operation == "d"
    wrong = [words for words in look(at) if f" {STRANGER}: not in the truth" not in words]
    return [f"afterwards: {words}" for words in ([str(error)] if error else wrong)]


def test_what_may_go_wrong_in_a_table(at: Installation) -> None:
    name = dialect(at)
    every = [
        one for one in SOURCE_FAULTS if one.statements(name) and not (name == "sqlite" and "repeat" in str(one.sql))
    ]
    chosen = sampled(every, amount(9))
    found = []
    for number, fault in enumerate(chosen):
        found += [f"{fault.name}: {words}" for words in happened(at, fault, number)]
    tell("T7", f"source faults in a table of {name} (of {len(every)})", len(chosen), len(found))
    assert found == []


@pytest.mark.parametrize("market_url", BASES[1:], indirect=True)
def test_the_connection_breaks_while_the_table_is_read(at: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    far, name, found = make_url(at.world.market.url), dialect(at), []
    host, port = far.host or "127.0.0.1", far.port or {"mysql": 3306, "postgresql": 5432}[name]

    def through(wire: Wire) -> GuijiError | None:
        url = far.set(host="127.0.0.1", port=wire.port).render_as_string(hide_password=False)
        monkeypatch.setenv("GUIJI_MARKET_URL", url)
        return said(at, FEED)

    with Wire(host, port) as wire:
        assert through(wire) is None
        total = wire.passed
    assert total > 5000
    places = sampled(range(0, total - 200, 97), amount(4, 100, 1000))
    for place in places:
        with Wire(host, port, cut=place) as wire:
            error = through(wire)
        if not isinstance(error, SourceUnreachable):
            found.append(f"cut after {place} of {total} bytes: {error}")
    monkeypatch.setenv("GUIJI_MARKET_URL", far.render_as_string(hide_password=False))
    found += healed(at)
    with Wire(host, port, hold=total - 6000) as wire:
        at.world.advance_to(2)
        reading = Thread(target=through, args=(wire,))
        reading.start()
        assert wire.held.wait(20)
        do(at, "UPDATE xzcf SET cfnr = '读取期间被改'")
        wire.go_on.set()
        reading.join(60)
    found += [f"changed while it was read: {words}" for words in look(at)]
    monkeypatch.setenv("GUIJI_MARKET_URL", far.render_as_string(hide_password=False))
    tell("T7", f"the connection to {name} is cut after so many bytes", len(places), len(found))
    assert found == []


@pytest.mark.parametrize("market_url", BASES[1:], indirect=True)
def test_the_right_to_read_is_lost(at: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    far, name = make_url(at.world.market.url), dialect(at)
    user, base = f"guiji_reader_{far.database}", far.database
    known = f"'{user}'@'%'" if name == "mysql" else user
    login = "" if name == "mysql" else " LOGIN"
    do(at, f"CREATE {'USER' if name == 'mysql' else 'ROLE'} {known}{login}")
    table = f"{base}.xzcf" if name == "mysql" else "xzcf"
    try:
        monkeypatch.setenv("GUIJI_MARKET_URL", far.set(username=user).render_as_string(hide_password=False))
        refused = said(at, FEED)
        do(at, f"GRANT SELECT ON {table} TO {known}")
        assert said(at, FEED) is None
        do(at, f"REVOKE SELECT ON {table} FROM {known}")
        again = said(at, FEED)
    finally:
        do(at, *(() if name == "mysql" else (f"DROP OWNED BY {known}",)))
        do(at, f"DROP {'USER' if name == 'mysql' else 'ROLE'} {known}")
    assert isinstance(refused, SourceRefused | SourceChanged)
    assert isinstance(again, SourceRefused | SourceChanged)
    monkeypatch.setenv("GUIJI_MARKET_URL", far.render_as_string(hide_password=False))
    assert healed(at) == []
