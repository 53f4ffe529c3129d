"""What fails beneath us is said as what it is, with what to do, and without the error's own text."""

import errno
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from exchange import tasks
from exchange.ledger.database import Ledger
from exchange.trouble import trouble
from schemas.errors import ConfigurationError, FileDamaged, LedgerUnreachable, LocalFailure, Terminal
from tests.connectors.conftest import postgres as postgres

PERSON = "张三 110101199003070011"


def caught(what: Callable[[], object]) -> BaseException:
    with pytest.raises((OSError, SQLAlchemyError)) as told:
        what()
    return told.value


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GUIJI_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EMFILE", "ENFILE", "ESTALE", "ENOMEM"])
def test_a_failing_machine_is_worth_another_try_and_says_which_folder(home: Path, name: str) -> None:
    found = trouble(OSError(getattr(errno, name), PERSON, str(home / "landing" / PERSON / "part")))
    assert isinstance(found, LocalFailure)
    assert found.where == "GUIJI_HOME/landing"
    assert name in found.message
    assert "then run again" in found.remedy
    assert "张" not in str(found)


def test_what_this_account_may_not_use_is_for_a_person(home: Path) -> None:
    found = trouble(PermissionError(errno.EACCES, PERSON, "/srv/elsewhere"))
    assert isinstance(found, ConfigurationError)
    assert "outside GUIJI_HOME: this account may not use it" in str(found)


def test_it_is_found_behind_what_came_of_it(home: Path) -> None:
    error = ValueError(PERSON)
    error.__context__ = OSError(errno.ENOSPC, PERSON)
    assert isinstance(trouble(error), LocalFailure)


@pytest.mark.parametrize(
    "error", [ValueError(PERSON), FileNotFoundError(errno.ENOENT, PERSON), ConnectionResetError(errno.ECONNRESET, "")]
)
def test_a_defect_of_ours_is_not_explained_away(error: Exception) -> None:
    assert trouble(error) is None


def test_no_more_files_may_be_opened(home: Path) -> None:
    script = (
        "from pathlib import Path; from exchange.trouble import trouble; kept = []\n"
        "try:\n while True: kept.append(open('/dev/null'))\n"
        "except OSError as error: told = trouble(error); kept.clear(); print(type(told).__name__, told)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=dict(os.environ),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)), cwd=Path(tasks.__file__).parents[1],
    )  # fmt: skip
    assert "LocalFailure" in ran.stdout
    assert "ulimit -n" in ran.stdout


def test_a_ledger_of_sqlite_says_by_number_what_it_is(home: Path) -> None:
    engine = create_engine(f"sqlite:///{home / 'small.db'}", hide_parameters=True, connect_args={"timeout": 0})
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (words TEXT)"))
        connection.execute(text("PRAGMA max_page_count = 3"))
        full = caught(lambda: connection.execute(text("INSERT INTO t VALUES (:w)"), {"w": PERSON * 9999}))
        connection.rollback()
        wrong = caught(lambda: connection.execute(text("SELECT nothing FROM t")))
        connection.rollback()
        other = sqlite3.connect(home / "small.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        busy = caught(lambda: connection.execute(text("INSERT INTO t VALUES ('x')")))
        other.close()
    engine.dispose()
    assert [type(trouble(one)) for one in (full, busy, wrong)] == [LocalFailure, LedgerUnreachable, type(None)]
    assert "GUIJI_LEDGER: no room is left" in str(trouble(full))


def test_a_ledger_that_is_no_database_is_damaged(home: Path) -> None:
    (home / "ledger.db").write_bytes(b"no database at all, " * 999)
    engine = create_engine(f"sqlite:///{home / 'ledger.db'}")
    with engine.connect() as connection:
        error = caught(lambda: connection.execute(text("SELECT 1 FROM t")))
    engine.dispose()
    assert isinstance(trouble(error), FileDamaged)


def test_a_ledger_of_postgresql_that_breaks_off(postgres: str) -> None:
    engine = create_engine(postgres.replace("postgresql://", "postgresql+psycopg://"), hide_parameters=True)
    with engine.connect() as connection:
        ended = caught(lambda: connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())")))
    with engine.connect() as connection:
        wrong = caught(lambda: connection.execute(text("SELECT nothing FROM pg_class")))
    engine.dispose()
    assert isinstance(trouble(ended), LedgerUnreachable)
    assert trouble(wrong) is None


def test_a_ledger_that_cannot_be_opened() -> None:
    with pytest.raises(LedgerUnreachable):
        Ledger("postgresql://nobody@127.0.0.1:1/none", lambda: pytest.fail("no clock")).engine  # noqa: B018


def test_airflow_is_told_to_try_again_and_a_defect_is_kept_even_on_a_full_disk(home: Path) -> None:
    with pytest.raises(LocalFailure) as full, tasks.boundary("market/penalty"):
        raise OSError(errno.ENOSPC, PERSON)
    assert not (home / "incidents").exists()
    (home / "incidents").write_text("where the folder should be", encoding="utf-8")
    with pytest.raises(Terminal, match="unexpected ValueError") as defect, tasks.boundary("market/penalty"):
        raise ValueError(PERSON)
    assert "张" not in f"{full.value}{defect.value}"
