"""Airflow's daemons, really started: runs are judged truly, a kill leaves nothing behind, the next start works."""

import re
from pathlib import Path
from typing import Protocol

import pytest

from exchange.orchestration import Airflow, RunChange
from schemas.errors import Terminal


class Killed(Protocol):
    """What the fixture of that name tells."""

    home: Path
    dags: Path
    children: list[str]
    survivors: list[str]


pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("airflow")]


def test_a_killed_parent_leaves_no_child_behind(killed: Killed) -> None:
    ran = "\n".join(killed.children)

    assert [word for word in ("api.server", "scheduler", "dag.processor", "postgres") if not re.search(word, ran)] == []
    assert killed.survivors == []


def test_the_next_start_runs_dags_and_tells_how_they_ended(
    killed: Killed,
    clean_env: dict[str, str],
) -> None:
    told: list[RunChange] = []
    with Airflow(killed.home, killed.dags, clean_env) as airflow:
        ended = airflow.run_dags(["ends_well", "ends_badly"], {}, told.append, stall_seconds=120)
        assert airflow.client.import_errors() == []
        processes = [child.pid for child in airflow._children.values()]

    assert ended == {"ends_well": "success", "ends_badly": "failed"}
    assert {RunChange("ends_well", "last", "success"), RunChange("ends_badly", "last", "failed")} <= set(told)
    assert not any(Path(f"/proc/{pid}").exists() for pid in processes)


def test_secrets_are_kept_and_readable_to_us_alone(tmp_path: Path) -> None:
    first, second = (Airflow(tmp_path, tmp_path, {}) for _ in range(2))

    assert first.password == second.password
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_database_that_cannot_be_reached_is_told_and_nothing_stays(tmp_path: Path, clean_env: dict[str, str]) -> None:
    nowhere = f"postgresql+psycopg2://nobody@/none?host={tmp_path}"
    airflow = Airflow(tmp_path, tmp_path, {**clean_env, "GUIJI_AIRFLOW_DB": nowhere})

    with pytest.raises(Terminal, match="cannot be set up"):
        airflow.__enter__()
    assert airflow._children == {}
