"""Owns the ways in which records come to the national receiver in tests: REST, and whatever else there is.

A transport joins the kill and fault tests by an entry in TRANSPORTS. The province stays behind REST, so that every
night has both.
"""

import os
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pymysql
import yaml
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from exchange.cli.new_tables import statements
from sandbox.receivers import Witness
from sandbox.receivers.files import FileReceiver
from sandbox.receivers.table import TableReceiver
from schemas.catalog import HOUSE, Catalog

CODE = "nation"
POSTGRES = os.environ.get("GUIJI_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
MARIA = "mysql+pymysql://root@127.0.0.1:3306/mysql"
COMMIT = ("table.before_commit:2", "table.after_commit:1")
TABLE = """\
name: 全国行政执法数据库（沙箱，库表交换）
name_en: national enforcement database (sandbox, by exchange table)
access:
  method: table
  url: ${GUIJI_NATION_URL}
  control: gj_control
  tables: {penalty: gj_penalty, licence: gj_licence}
  state: {new: "0", pending: ["1"], accepted: ["2"], rejected: ["3", "-1"]}
  wait: 20
  timeout: 30
promise: {idempotency: honoured, inquiry: by_key, settle_seconds: 60, digest: by_batch}
batch:
  max_records: 1000
"""
FILES = """\
name: 全国行政执法数据库（沙箱，文件交换）
name_en: national enforcement database (sandbox, by file)
access:
  method: files
  url: ${GUIJI_NATION_URL}
  receipts: ${GUIJI_NATION_RECEIPTS}
  format: FORM
  wait: 20
  timeout: 30
promise: {idempotency: honoured, inquiry: by_key}
batch:
  max_records: 1000
"""
LOGIN = "  host_key: ${GUIJI_NATION_HOST_KEY}\n  password: ${GUIJI_NATION_PASSWORD}\npromise:"


def at_hand() -> bool:
    """Needs no server."""
    return True


@dataclass(frozen=True)
class Transport:
    """`receiver`: the nation's end, given a folder for its state; None is REST. `yaml`: its receiver.yaml.

    `steps`: durable steps it has beside those of every delivery; `without`: those it does not have. `points`: where
    `make test` kills it; everywhere else `make soak` does. `there`: whether the server it needs answers.
    """

    name: str
    yaml: str = ""
    receiver: Callable[[Path], Witness] | None = None
    steps: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    points: tuple[str, ...] = ()
    there: Callable[[], bool] = at_hand

    def equip(self, root: Path) -> None:
        """Give a catalog this transport's receiver.yaml."""
        if self.yaml:
            (root / "receivers" / CODE / "receiver.yaml").write_text(self.yaml, encoding="utf-8")


def _tables(url: str) -> str:
    """The statements that `guiji new tables nation` prints."""
    access: dict[str, Any] = yaml.safe_load(TABLE)["access"]
    return statements(replace(Catalog(HOUSE).receiver(CODE), access=access | {"url": url}))


def _sqlite(state: Path) -> Witness:
    path = state / f"{CODE}_tables.db"
    url = f"sqlite:///{path}"
    if not path.exists():
        base = sqlite3.connect(path)
        base.executescript(_tables(url))
        base.close()
    return TableReceiver(CODE, state, url)


def _server(root: str) -> Callable[[Path], Witness]:
    """A database of its own for each folder of state, made once, named in the folder."""

    def made(state: Path) -> Witness:
        kept = state / f"{CODE}_tables.url"
        if not kept.exists():
            url = urlsplit(root)._replace(path=f"/guiji_tables_{uuid.uuid4().hex[:12]}").geturl()
            _create(root, url)
            kept.write_text(url, encoding="utf-8")
        return TableReceiver(CODE, state, kept.read_text(encoding="utf-8"))

    return made


def _answers(root: str) -> bool:
    engine = create_engine(root.replace("postgresql://", "postgresql+psycopg://"))
    try:
        engine.connect().close()
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return True


def _create(root: str, url: str) -> None:
    name, made = urlsplit(url).path.lstrip("/"), _tables(url)
    if url.startswith("postgresql"):
        with psycopg.connect(root, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
        with psycopg.connect(url) as base:
            base.execute(made)
        return
    admin = pymysql.connect(host="127.0.0.1", user="root", password="")
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {name}")
        for statement in filter(str.strip, made.split(";\n")):
            cursor.execute(statement)
    admin.close()


def drop(state: Path) -> None:
    """Take away the database that a folder of state names, if it names one."""
    kept = state / f"{CODE}_tables.url"
    if not kept.exists():
        return
    url = kept.read_text(encoding="utf-8")
    name = urlsplit(url).path.lstrip("/")
    if url.startswith("postgresql"):
        with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl(), autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        return
    admin = pymysql.connect(host="127.0.0.1", user="root", password="")
    with admin.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
    admin.close()


def _by_table(name: str, receiver: Callable[[Path], Witness], **more: Any) -> Transport:
    return Transport(name, TABLE, receiver, frozenset({"table"}), frozenset({"rung"}), **more)


def _by_file(name: str, form: str, sftp: bool, points: tuple[str, ...]) -> Transport:
    yaml = FILES.replace("FORM", form)
    steps = frozenset({"files.data", "files.manifest", "sftp" if sftp else "files.place"})
    return Transport(
        name, yaml.replace("promise:", LOGIN) if sftp else yaml, lambda state: FileReceiver(CODE, state, form, sftp),
        steps, frozenset({"rung"}), points,
    )  # fmt: skip


TRANSPORTS = {
    one.name: one
    for one in (
        Transport("rest"),
        _by_table(
            "table", _sqlite, points=("table.before_commit:1", "table.after_commit:2", "receipt.before_commit:3")
        ),
        _by_table("table-postgresql", _server(POSTGRES), points=COMMIT, there=partial(_answers, POSTGRES)),
        _by_table("table-mysql", _server(MARIA), points=COMMIT[1:], there=partial(_answers, MARIA)),
        _by_file("sftp", "ndjson", True, ("files.data.after_rename:1", "files.manifest.after_rename:2")),
        _by_file("folder", "ndjson", False, ("files.place.after_link:2",)),
        _by_file("folder-csv", "csv", False, ("files.manifest.before_rename:1",)),
        _by_file("sftp-xlsx", "xlsx", True, ("files.manifest.after_rename:1",)),
    )
}
