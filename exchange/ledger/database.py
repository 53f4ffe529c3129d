"""The ledger's database: engine, migrations, and the two kinds of transaction.

Errors never carry statement parameters (`hide_parameters`), and SQLite is set so that a commit is on the disk.
"""

import getpass
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.exc import OperationalError

from exchange.durable import make_folder
from exchange.ledger import tables
from exchange.ledger.history import add_line
from exchange.trouble import trouble, unreachable
from schemas.crash_points import crash_point
from schemas.errors import ConfigurationError, StaleOwner

# One statement: two first owners of a feed, at the same moment, become the first and the second.
TAKE = text(
    "INSERT INTO lease (name, epoch, owner, taken_at) VALUES (:name, 1, :owner, :now) ON CONFLICT (name) DO UPDATE "
    "SET epoch = lease.epoch + 1, owner = excluded.owner, taken_at = excluded.taken_at RETURNING epoch"
)
MIGRATIONS = Path(__file__).parent / "migrations"


class Ledger:
    """One ledger. `clock` gives the current time with its zone."""

    def __init__(self, url: str, clock: Callable[[], datetime]) -> None:
        self.url = url
        self.clock = clock

    @cached_property
    def engine(self) -> Engine:
        """Connects on first use and brings the tables to the newest version."""
        engine = _engine(self.url)
        _migrate(engine)
        return engine

    @property
    def now(self) -> str:
        return self.clock().astimezone(UTC).isoformat(timespec="milliseconds")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot to read from."""
        with self.engine.connect() as connection:
            yield connection.execution_options(reads_only=True)

    @contextmanager
    def write(self, point: str, lease: "Lease | None" = None) -> Iterator[Connection]:
        """One transaction; `point` names it for the crash tests. With a lease: refused when a newer owner exists."""
        with self.engine.begin() as connection:
            if lease:
                _check_epoch(connection, lease)
            yield connection
            crash_point(f"{point}.before_commit")
        crash_point(f"{point}.after_commit")

    def take(self, name: str) -> "Lease":
        """Become the owner of a feed, or of a feed's way to one receiver. Earlier owners can no longer write."""
        owner = f"{getpass.getuser()}@{socket.gethostname()}:{os.getpid()}"
        with self.write("lease") as connection:
            epoch: int = connection.execute(TAKE, {"name": name, "owner": owner, "now": self.now}).scalar_one()
        return Lease(name, epoch)

    def note(self, connection: Connection, what: str, subject: str, detail: str = "", person: str = "system") -> None:
        """Add a line to the history."""
        add_line(connection, at=self.now, person=person, what=what, subject=subject, detail=detail)


class Lease:
    """Ownership by number: the newest epoch wins."""

    def __init__(self, name: str, epoch: int) -> None:
        self.name, self.epoch = name, epoch


def _check_epoch(connection: Connection, lease: Lease) -> None:
    table = tables.lease
    epoch = connection.scalar(select(table.c.epoch).where(table.c.name == lease.name).with_for_update())
    if epoch != lease.epoch:
        raise StaleOwner(
            f"a newer run took over (epoch {epoch}, this one has {lease.epoch})",
            where=lease.name,
            remedy="nothing to do: the newer run carries on",
        )


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database:
            raise ConfigurationError("names no file", where="GUIJI_LEDGER", remedy="write sqlite:///path/to/ledger.db")
        make_folder(Path(parsed.database).absolute().parent)
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": 120})
        event.listen(engine, "connect", _sqlite_settings)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    if parsed.get_backend_name() != "postgresql":
        raise ConfigurationError(
            f"{parsed.get_backend_name()} cannot hold the ledger",
            where="GUIJI_LEDGER",
            remedy="use sqlite or postgresql",
        )
    return create_engine(parsed.set(drivername="postgresql+psycopg"), hide_parameters=True, pool_pre_ping=True)


def _sqlite_settings(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    # digests arrive in no order: 64 MiB of pages at hand, and as many in the log, spare most of the writing
    roomy = ("cache_size=-65536", "wal_autocheckpoint=16384")
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=FILE", *roomy):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    reads_only = connection.get_execution_options().get("reads_only")
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


def _refuse_preview(revision: str | None) -> None:
    if revision == "0001":
        raise ConfigurationError(
            "this ledger was made by a preview older than 0.1.0, whose tables are gone",
            where="GUIJI_LEDGER",
            remedy="settle it with the preview, then begin with an empty GUIJI_HOME and ledger",
        )


def _migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    head = ScriptDirectory.from_config(config).get_current_head()
    try:
        with engine.begin() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
            if found == head:
                return
            _refuse_preview(found)
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(74111)")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except OperationalError as error:
        raise trouble(error) or unreachable(type(error.orig).__name__) from None
