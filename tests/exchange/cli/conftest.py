"""The command as a person types it, and one operator's night with every answer kept."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.world import World
from schemas.catalog import HOUSE

REASON = ("--reason", "试验", "--person", "tester")


@dataclass(frozen=True)
class Said:
    """What a command answered."""

    status: int
    out: str
    err: str


Guiji = Callable[..., Said]


@pytest.fixture(scope="session")
def guiji() -> Guiji:
    """guiji("status", "--json", env={…}, given="stdin"): a process of its own."""

    def _guiji(*words: str, env: dict[str, str] | None = None, given: str = "") -> Said:
        bare = {name: value for name, value in os.environ.items() if not name.startswith("GUIJI_")}
        done = subprocess.run(
            [sys.executable, "-m", "exchange.cli.main", *words], cwd=HOUSE, env={**bare, **(env or {})},
            input=given, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return Said(done.returncode, done.stdout, done.stderr)

    return _guiji


@pytest.fixture
def catalog_copy(tmp_path: Path) -> Path:
    """A catalog to spoil."""
    for name in ("departments", "receivers"):
        shutil.copytree(HOUSE / name, tmp_path / name)
    return tmp_path


@pytest.fixture(scope="session")
def night(tmp_path_factory: pytest.TempPathFactory, guiji: Guiji) -> Iterator[dict[str, Said]]:
    """Every step of a night with a receiver down at first: name of the step → what was answered."""
    home = tmp_path_factory.mktemp("operator")
    said: dict[str, Said] = {}
    with World(home / "sandbox", rows=40) as world:
        env = {**world.env(), "GUIJI_HOME": str(home / "var")}
        day = ("--date", world.business_date().isoformat())

        def step(name: str, *words: str, without: str = "") -> str:
            said[name] = guiji(*words, env={key: value for key, value in env.items() if key != without})
            return said[name].out

        step("status before", "status")
        step("preview", "preview", "market/penalty", "--rows", "8")
        world.province.stop()
        step("run, province down", "run", "market/penalty", *day)
        step("status, province down", "status")
        world.province.start()
        step("run again", "run", "market/penalty", *day)
        step("status", "status", "--json")
        tickets = re.findall(r"│ (\d+)\s+│ market/penalty", step("list", "quarantine", "list"))
        for number in tickets:
            step(f"show {number}", "quarantine", "show", number)
        released = next(number for number in tickets if "KEY_CONFLICT" in said[f"show {number}"].out)
        dropped = next(number for number in tickets if number != released)
        step("drop", "quarantine", "drop", dropped, *REASON)
        step("drop again", "quarantine", "drop", dropped, *REASON)
        step("release", "quarantine", "release", released, *REASON)
        step("status, released", "status", "--json", "--feed", "market/penalty")
        step("list after", "quarantine", "list")
        said["applied before"] = _applied(world)
        batch = re.findall(r'"batch_id": "([0-9a-f]{12})', said["status"].out)[0]
        step("replay", "replay", batch, *day, without="GUIJI_MARKET_URL")
        said["applied after"] = _applied(world)
        step("status after", "status", "--json", "--feed", "market/penalty")
        step("report", "report", *day)
        step("report of another day", "report", "--date", "2020-01-01")
        step("no such feed", "run", "market/penalti")
        step("no such ticket", "quarantine", "show", "99999")
        step("no such batch", "replay", "ffffffff")
        step("no such stage", "replay", batch, "--from", "start")
        yield said


def _applied(world: World) -> Said:
    """How many record versions each receiver has taken in."""
    counts = []
    for receiver in (world.province, world.nation):
        with closing(sqlite3.connect(receiver.log_path)) as log:
            counts.append(log.execute("SELECT COUNT(*) FROM applied").fetchone()[0])
    return Said(0, " ".join(map(str, counts)), "")
