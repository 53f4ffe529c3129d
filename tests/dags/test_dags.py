"""The DAGs as Airflow reads them, and a run of one with a receiver down."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.world import World
from schemas.catalog import HOUSE, Catalog

pytestmark = [
    pytest.mark.xdist_group("airflow"),
    # Airflow's own, inside Airflow's own modules
    pytest.mark.filterwarnings("ignore::DeprecationWarning:airflow.*"),
    pytest.mark.filterwarnings("ignore:Using .httpx. with .starlette.testclient. is deprecated"),
]
HEAVY = ("great_expectations", "pandas", "pyarrow", "polars")
FEEDS = Catalog().feeds
UPKEEP = {"open_receipts", "holdings", "checkpoint", "replay"}
PARSE = f"""
import json, sys
from pathlib import Path
from airflow.dag_processing.dagbag import BundleDagBag
before = [name for name in {HEAVY!r} if name in sys.modules]
folder = Path({str(HOUSE / "dags")!r})
bag = BundleDagBag(dag_folder=str(folder), bundle_path=folder, bundle_name="dags-folder")
after = [name for name in {HEAVY!r} if name in sys.modules]
print(json.dumps([len(bag.dags), before, after]))
"""


@pytest.fixture
def dags(read_dags: Callable[[], Any]) -> dict[str, Any]:
    bag = read_dags()
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_one_dag_for_each_feed_and_three_for_upkeep(dags: dict[str, Any]) -> None:
    expected = {f"feed_{name.replace('/', '_')}" for name in FEEDS}

    assert len(expected) >= 6
    assert set(dags) == expected | UPKEEP


@pytest.mark.parametrize("name", sorted(FEEDS))
def test_a_feed_keeps_its_clock_owner_and_limits(name: str, dags: dict[str, Any]) -> None:
    feed = FEEDS[name]
    dag = dags[feed.dag_id]

    assert _clock(dag) == (feed.mapping["schedule"], "Asia/Shanghai")
    assert (dag.max_active_runs, dag.catchup) == (1, False)
    assert dag.tags == {"feed", feed.department.code, feed.record_type}
    assert {task.owner for task in dag.tasks} == {feed.department.code}


@pytest.mark.parametrize("name", sorted(FEEDS))
def test_a_feed_lands_prepares_sends_apart_and_is_judged_last(name: str, dags: dict[str, Any]) -> None:
    dag = dags[FEEDS[name].dag_id]
    senders = {f"send_{receiver}" for receiver in FEEDS[name].receivers}

    assert {task.task_id: set(task.downstream_task_ids) for task in dag.tasks} == {
        "land": {"prepare"},
        "prepare": senders,
        **{sender: {"report"} for sender in senders},
        "report": set(),
    }
    assert dag.get_task("report").trigger_rule == "all_done"
    assert {dag.get_task(sender).trigger_rule for sender in senders} == {"all_success"}


def test_every_task_but_the_judge_is_tried_again(read_dags: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GUIJI_RETRIES")
    dag = read_dags().dags["feed_market_penalty"]

    retries = {task.task_id: task.retries for task in dag.tasks}
    assert retries == {"land": 2, "prepare": 2, "send_province": 2, "send_nation": 2, "report": 0}
    assert dag.get_task("land").retry_delay.total_seconds() == 300


def test_upkeep_asks_every_half_hour_signs_in_the_morning_and_replays_on_request_alone(dags: dict[str, Any]) -> None:
    assert _clock(dags["open_receipts"]) == ("*/30 * * * *", "Asia/Shanghai")
    assert _clock(dags["checkpoint"]) == ("45 7 * * *", "Asia/Shanghai")
    assert dags["replay"].schedule is None
    assert _clock(dags["holdings"]) == ("15 7 * * *", "Asia/Shanghai")
    for dag in (dags[name] for name in UPKEEP):
        assert (dag.max_active_runs, dag.catchup, dag.tags) == (1, False, {"upkeep"})


def test_reading_twice_gives_the_same_so_that_no_version_is_made(read_dags: Callable[[], Any]) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    first, second = (
        {name: json.dumps(DagSerialization.to_dict(dag), sort_keys=True) for name, dag in read_dags().dags.items()}
        for _ in range(2)
    )
    assert first == second


def test_parsing_loads_nothing_heavy(airflow: None) -> None:
    done = subprocess.run([sys.executable, "-c", PARSE], capture_output=True, text=True, cwd=HOUSE, check=True)

    count, before, after = json.loads(done.stdout.splitlines()[-1])
    assert count == len(FEEDS) + len(UPKEEP)
    assert after == before


def test_one_broken_mapping_is_told_by_file_and_key_and_hides_no_other(
    catalog_copy: Path, read_dags: Callable[[], Any]
) -> None:
    spoiled = catalog_copy / "departments" / "market" / "penalty.yaml"
    text = spoiled.read_text(encoding="utf-8")
    assert 'schedule: "0 1 * * *"\n' in text
    spoiled.write_text(text.replace('schedule: "0 1 * * *"\n', ""), encoding="utf-8")

    bag = read_dags()

    assert set(bag.dags) == {feed.dag_id for feed in FEEDS.values()} - {"feed_market_penalty"} | UPKEEP
    (error,) = bag.import_errors.values()
    assert "departments/market/penalty.yaml: schedule" in error


def test_two_broken_files_are_both_told(catalog_copy: Path, read_dags: Callable[[], Any]) -> None:
    for department in ("market", "water"):
        (catalog_copy / "departments" / department / "licence.yaml").write_text("fields: [", encoding="utf-8")

    bag = read_dags()

    assert len(bag.dags) == len(FEEDS) - 2 + len(UPKEEP)
    (error,) = bag.import_errors.values()
    assert "departments/market/licence.yaml" in error
    assert "departments/water/licence.yaml" in error


@pytest.mark.slow
def test_a_receiver_that_is_down_fails_the_run_but_not_its_neighbour(
    world: World, read_dags: Callable[[], Any]
) -> None:
    day = {"business_date": world.business_date().isoformat()}
    dag = read_dags().dags["feed_market_penalty"]
    world.province.stop()

    first = _states(dag.test(run_conf=day))
    assert first == {
        "": "failed",
        "land": "success",
        "prepare": "success",
        "send_nation": "success",
        "send_province": "failed",
        "report": "failed",
    }
    world.province.start()
    second = _states(dag.test(run_conf=day))

    assert set(second.values()) == {"success"}
    assert _applied_once(world)


def _clock(dag: Any) -> tuple[str, str]:
    """Cron expression and zone, as they are stored for the scheduler."""
    from airflow.serialization.serialized_objects import DagSerialization

    timetable = DagSerialization.to_dict(dag)["dag"]["timetable"]["__var"]
    return timetable["expression"], timetable["timezone"]


def _states(run: Any) -> dict[str, str]:
    tasks = {task.task_id: str(task.state) for task in run.get_task_instances()}
    return {"": str(run.state), **tasks}


def _applied_once(world: World) -> bool:
    """Both receivers applied the same records, no version of a record twice."""
    import sqlite3
    from contextlib import closing

    found = []
    for receiver in (world.province, world.nation):
        with closing(sqlite3.connect(receiver.log_path)) as log:
            found.append(log.execute("SELECT record_type, cd_id, revision FROM applied ORDER BY 1, 2").fetchall())
    return found[0] == found[1] and len(found[0]) == len(set(found[0])) > 0
