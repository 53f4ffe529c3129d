"""Four DAGs beside the feeds: open receipts (every half hour), holdings and checkpoint (every morning), replay (by a
person)."""

import os
from datetime import timedelta

import pendulum
from airflow.sdk import ExceptionRetryPolicy, Param, RetryAction, RetryRule, TriggerRule, dag, task

from exchange import tasks
from schemas.errors import Terminal

START = pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai")
FAIL_AT_ONCE = ExceptionRetryPolicy([RetryRule(exception=Terminal, action=RetryAction.FAIL, reason="Terminal")])


@dag(
    dag_id="open_receipts",
    dag_display_name="未决回执 · open receipts",
    description="asks the receivers again for every delivery whose outcome is not known",
    schedule=None if os.environ.get("GUIJI_UNSCHEDULED") else "*/30 * * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    tags=["upkeep"],
    default_args={"owner": "exchange", "retries": 0},
)
def open_receipts() -> None:
    """One mapped task per feed that has something open; none when nothing is."""

    @task
    def find() -> list[str]:
        return tasks.open_feeds()

    @task(map_index_template="{{ task.op_kwargs['feed'] }}")
    def settle(feed: str) -> None:
        tasks.settle(feed)

    settle.expand(feed=find())


@dag(
    dag_id="holdings",
    dag_display_name="在库对账 · compare holdings",
    description="compares what receivers hold with their receipts; the checkpoint after it signs the outcome",
    schedule=None if os.environ.get("GUIJI_UNSCHEDULED") else "15 7 * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    tags=["upkeep"],
    default_args={
        "owner": "exchange",
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "retry_policy": FAIL_AT_ONCE,
    },
)
def holdings() -> None:
    """One mapped task per receiver that answers for what it holds."""

    @task
    def find() -> list[str]:
        return tasks.answering()

    @task(map_index_template="{{ task.op_kwargs['receiver'] }}")
    def compare(receiver: str) -> None:
        tasks.compare(receiver)

    compare.expand(receiver=find())


@dag(
    dag_id="checkpoint",
    dag_display_name="签发检查点 · checkpoint",
    description="signs a checkpoint over all that receivers answered since the last; docs/evidence.md",
    schedule=None if os.environ.get("GUIJI_UNSCHEDULED") else "45 7 * * *",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    tags=["upkeep"],
    default_args={"owner": "exchange", "retries": 2, "retry_delay": timedelta(minutes=5)},
)
def checkpoint() -> None:
    """One task; nothing new, nothing signed."""

    @task
    def sign() -> None:
        tasks.checkpoint()

    sign()


@dag(
    dag_id="replay",
    dag_display_name="重放批次 · replay a batch",
    description="puts a landed batch into the flow again; the department is not asked",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    tags=["upkeep"],
    params={
        "batch": Param("", type="string", minLength=8, pattern="^[0-9a-f]*$", title="批次号 batch id (first digits)"),
        "business_date": Param(None, type=["null", "string"], format="date", title="业务日期 business date"),
    },
    default_args={"owner": "exchange", "retries": 1, "retry_delay": timedelta(minutes=5)},
)
def replay() -> None:
    """Enter again, prepare, send, report."""

    @task
    def enter(params: dict[str, str] | None = None) -> str:
        assert params is not None
        day = params.get("business_date") or pendulum.now("Asia/Shanghai").date().isoformat()
        return tasks.replay(params["batch"], day)

    @task
    def prepare(feed: str) -> None:
        tasks.prepare(feed)

    @task(trigger_rule=TriggerRule.ALL_SUCCESS)
    def settle(feed: str) -> None:
        tasks.settle(feed)

    feed = enter()
    prepare(feed) >> settle(feed)  # type: ignore[arg-type, operator]


open_receipts()
holdings()
checkpoint()
replay()
