"""Real things to connect to: a scripted HTTP server on a free port, and databases made for one test and dropped."""

import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from sandbox.receivers.faults import Faults
from sandbox.receivers.sftp import DOOR_FAULTS, PASSWORD, Door
from schemas.exchange import Sealed
from tests.connectors.exchange_folder import Exchange
from tests.connectors.exchange_platform import ACCESS, DIALECTS, Platform, sealed


@dataclass
class Asked:
    """One request as the server got it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """A server whose answer a test writes as a function: (status, headers, body), or None to hang up."""

    url: str = ""
    answer: Callable[[Asked], tuple[int, dict[str, str], bytes] | None] = lambda asked: (404, {}, b"")
    asked: list[Asked] = field(default_factory=list)

    def says(self, data: Any, status: int = 200) -> None:
        self.answer = lambda asked: (status, {"Content-Type": "application/json"}, json.dumps(data).encode())


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.command, at.path, dict(parse_qsl(at.query)), dict(self.headers), body)
            scripted.asked.append(asked)
            answer = scripted.answer(asked)
            if answer is None:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = True

        do_POST = do_GET

        def log_message(self, *args: Any) -> None:
            return

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    scripted.url = f"http://127.0.0.1:{httpd.server_port}"
    yield scripted
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def absent(what: str) -> None:
    """Skip where a developer has no server; never where the build must prove it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not there, and CI must have it")
    pytest.skip(f"{what} is NOT THERE: this test proved nothing")


@pytest.fixture
def postgres() -> Iterator[str]:
    import psycopg

    root = os.environ.get("GUIJI_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
    name = f"guiji_{uuid.uuid4().hex[:12]}"
    try:
        admin = psycopg.connect(root, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        absent("PostgreSQL")
    with admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield urlsplit(root)._replace(path=f"/{name}").geturl()
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture
def maria() -> Iterator[str]:
    import pymysql

    name = f"guiji_{uuid.uuid4().hex[:12]}"
    try:
        admin = pymysql.connect(host="127.0.0.1", port=3306, user="root", password="", connect_timeout=3)
    except pymysql.err.OperationalError:
        absent("MariaDB")
    with admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            yield f"mysql+pymysql://root@127.0.0.1:3306/{name}"
        finally:
            cursor.execute(f"DROP DATABASE {name}")
    admin.close()


@pytest.fixture(params=list(DIALECTS))
def exchange_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        sqlite3.connect(tmp_path / "platform.db").close()
        return f"sqlite:///{tmp_path / 'platform.db'}"
    return str(request.getfixturevalue({"postgresql": "postgres", "mysql": "maria"}[request.param]))


@pytest.fixture
def platform(exchange_url: str) -> Iterator[Platform]:
    made = Platform(exchange_url, ACCESS)
    made.make()
    yield made
    made.engine.dispose()


@pytest.fixture
def delivery(tmp_path: Path) -> Sealed:
    return sealed(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Exchange:
    for name in ("in", "out"):
        (tmp_path / f"root/{name}").mkdir(parents=True)
    root = tmp_path / "root"
    access = {"method": "files", "format": "ndjson", "url": (root / "in").as_uri(), "receipts": str(root / "out")}
    return Exchange(root, access, Faults(()))


@pytest.fixture
def sftp(folder: Exchange, tmp_path: Path) -> Iterator[Exchange]:
    faults = Faults(DOOR_FAULTS)
    door = Door(tmp_path, folder.root, faults)
    door.start()
    access = folder.access | {
        "url": f"sftp://guiji@127.0.0.1:{door.port}/in", "receipts": "/out", "host_key": door.host_key,
        "password": PASSWORD, "timeout": 20,
    }  # fmt: skip
    yield Exchange(folder.root, access, faults, door)
    door.stop()


@pytest.fixture(params=["folder", "sftp"])
def exchange(request: pytest.FixtureRequest) -> Exchange:
    made: Exchange = request.getfixturevalue(request.param)
    return made
