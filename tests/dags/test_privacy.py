"""A night through Airflow that goes wrong: no person in what Airflow keeps of it, metadata and logs alike."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.world import World
from tests.flow.persons import persons_of, quote_records
from tests.flow.search import found_under

pytestmark = [
    pytest.mark.xdist_group("airflow"),
    pytest.mark.slow,
    # Airflow's own, inside Airflow's own modules
    pytest.mark.filterwarnings("ignore::DeprecationWarning:airflow.*"),
    pytest.mark.filterwarnings("ignore:Using .httpx. with .starlette.testclient. is deprecated"),
]


def test_airflows_home_tells_nobodys_name(
    world: World, read_dags: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    quoted = quote_records(monkeypatch)
    world.nation.faults.set("error_500_after", 100)
    dag = read_dags().dags["feed_market_penalty"]

    run = dag.test(run_conf={"business_date": world.business_date().isoformat()})

    states = {task.task_id: str(task.state) for task in run.get_task_instances()}
    assert (states["send_province"], states["send_nation"]) == ("success", "failed")
    assert quoted
    home, out = Path(os.environ["AIRFLOW_HOME"]), capfd.readouterr()
    assert sum(path.stat().st_size for path in home.glob("airflow.db*")) > 100_000  # most of it in its journal
    persons = persons_of(world)
    assert len(persons) > 100
    (home / "said.txt").write_text(out.out + out.err, encoding="utf-8")
    assert len(out.out + out.err) > 1000
    assert found_under(home, persons) == {}
    assert found_under(Path(os.environ["GUIJI_HOME"]), persons) == {}
