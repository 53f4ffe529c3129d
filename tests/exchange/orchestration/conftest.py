"""Real daemons on a DAG folder of two DAGs, one of which ends badly; and one installation that was killed."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from schemas.catalog import HOUSE

FOLDER = """
from airflow.sdk import DAG, task

def build(name, fails):
    with DAG(dag_id=name, schedule=None):
        @task(task_id="first", retries=0)
        def first():
            return 1

        @task(task_id="last", retries=0)
        def last():
            if fails:
                raise RuntimeError("as planned")

        first() >> last()

build("ends_well", False)
build("ends_badly", True)
"""
HOLDER = """
import os, sys
from pathlib import Path
from exchange.orchestration import Airflow

with Airflow(Path(sys.argv[1]), Path(sys.argv[2]), dict(os.environ)) as airflow:
    print("up", flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Killed:
    """What a kill -9 left: the state folder, the children there were by name, those that outlived it."""

    home: Path
    dags: Path
    children: list[str]
    survivors: list[str]


@pytest.fixture(scope="session")
def clean_env() -> dict[str, str]:
    """This process's environment without what other tests told Airflow."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "GUIJI_AIRFLOW"))}


@pytest.fixture(scope="session")
def killed(tmp_path_factory: pytest.TempPathFactory, clean_env: dict[str, str]) -> Killed:
    """Start everything from a process of its own, then kill that process alone, as the kernel would."""
    home, dags = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("dags")
    (dags / "two.py").write_text(FOLDER, encoding="utf-8")
    command = [sys.executable, "-c", HOLDER, str(home), str(dags)]
    with subprocess.Popen(
        command, env=clean_env, cwd=HOUSE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "up\n"
        children = psutil.Process(holder.pid).children(recursive=True)
        names = [_name(child) for child in children]
        os.kill(holder.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(children, timeout=30)
    survivors = [_name(child) for child in alive]
    for child in alive:
        child.kill()
    return Killed(home, dags, names, survivors)


def _name(process: psutil.Process) -> str:
    """A process in one line; one that is gone by now has no name left."""
    try:
        return " ".join(process.cmdline()) or process.name()
    except psutil.NoSuchProcess:
        return ""
