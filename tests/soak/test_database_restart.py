"""T9: the ledger's PostgreSQL goes away while a COMMIT is on its way, the answer lost with and without the commit.

A server of our own from the packaged programs; between us and it a wire that sees the COMMITs pass.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from exchange.orchestration.metadata import EmbeddedPostgres
from tests.flow.conftest import installed
from tests.flow.processes import FEED, Zygote
from tests.soak.figures import tell
from tests.soak.survival import BATCH, ROWS, again, look
from tests.soak.tiers import amount, sampled
from tests.soak.wire import CommitWire

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]


class Server:
    """The packaged PostgreSQL, which can fall."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server, self.fallen = server, False
        self.socket = server.folder / "socket" / ".s.PGSQL.5432"

    def fall(self) -> None:
        """As by `pg_ctl stop -m immediate`: no checkpoint, every connection gone."""
        child = self._server._child
        assert child
        self.fallen = True
        os.kill(child.pid, signal.SIGQUIT)

    def rise(self) -> None:
        """Recover. From the main thread only: the kernel ends a server with the thread that started it."""
        child = self._server._child
        if self.fallen and child:
            child.wait(30)
            self._server._start()
        self.fallen = False

    def database(self, name: str) -> str:
        self._server.create(name)
        return self._server.url_for("postgresql+psycopg", name)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with EmbeddedPostgres.temporary() as packaged:
        yield Server(packaged)


@contextmanager
def through(url: str, wire: CommitWire) -> Iterator[dict[str, str]]:
    """The environment of a run that reaches the ledger through the wire."""
    with wire:
        near = make_url(url).set(host="127.0.0.1", port=wire.port, query={"sslmode": "disable"})
        yield {"GUIJI_LEDGER": near.render_as_string(hide_password=False)}


def counted(server: Server, zygote: Zygote, tmp_path: Path, name: str) -> int:
    """How many COMMITs a first night makes, the tables' own not counted: they are made before."""
    url = server.database(name)
    with installed(tmp_path / "counting", ROWS, BATCH, only=FEED, ledger=url) as at:
        at.site().ledger.engine.dispose()
        wire = CommitWire(server.socket)
        with through(url, wire) as env:
            assert zygote.run(at, **env)[0].words == "done"
    return wire.commits


@pytest.mark.parametrize("falls", [False, True])
def test_a_commit_is_on_its_way_and_its_answer_never_comes(
    server: Server, zygote: Zygote, tmp_path: Path, falls: bool
) -> None:  # fmt: skip
    commits, found = counted(server, zygote, tmp_path, f"counting{int(falls)}"), []
    assert commits > 10
    cases = [(turn, done) for turn in range(1, commits + 1) for done in (True, False)]
    chosen = sampled(cases, amount(4))
    for number, (turn, done) in enumerate(chosen):
        url = server.database(f"falls{int(falls)}_{number}")
        with installed(tmp_path / f"commit{number}", ROWS, BATCH, only=FEED, ledger=url) as at:
            at.site().ledger.engine.dispose()
            with through(url, CommitWire(server.socket, turn, done, server.fall if falls else None)) as env:
                first = zygote.guiji(at, "run", FEED, "--date", at.day.isoformat(), env=env)
            server.rise()
            told = first.code == 75 and "GUIJI_LEDGER: the ledger's database" in first.words
            words = [] if told or turn == commits else [f"a lost COMMIT ended with {first.code}: {first.words[-200:]}"]
            words += [*again(at, zygote), *look(at)]
            found += [f"COMMIT {turn} of {commits} {'done' if done else 'lost'}: {one}" for one in words]
    what = "the server falls" if falls else "the connection breaks"
    tell("T9", f"{what} at a COMMIT, done or lost (of {len(cases)})", len(chosen), len(found))
    assert found == []
