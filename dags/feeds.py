"""One DAG per feed of the catalog, and nothing else: wiring only, the work is in exchange/tasks.py.

Four kinds of task, laid out by what a task costs (docs/decisions/0004-task-layout.md): pull and land are one, because
the source must not be asked twice; all that needs Great Expectations is one; each receiver has its own; the last
one judges the run. A feed whose YAML is broken is left out here, told by `guiji check`
and by dags/broken.py, so that it hides no other.
"""

import os
from datetime import timedelta

import pendulum
from airflow.sdk import (
    DAG,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    TriggerRule,
    get_parsing_context,
    task,
)

from exchange import tasks
from schemas.catalog import Catalog, Feed
from schemas.errors import Terminal

START = pendulum.datetime(2026, 1, 1, tz="Asia/Shanghai")
RETRY = {
    "retries": int(os.environ.get("GUIJI_RETRIES", "2")),
    "retry_delay": timedelta(seconds=int(os.environ.get("GUIJI_RETRY_SECONDS", "300"))),
    "retry_exponential_backoff": True,
    "retry_policy": ExceptionRetryPolicy([RetryRule(exception=Terminal, action=RetryAction.FAIL, reason="Terminal")]),
}
BUSINESS_DATE = Param(
    None,
    type=["null", "string"],
    format="date",
    title="业务日期 business date",
    description="空 = 今天 / empty = today",
)


def build(feed: Feed) -> DAG:
    """Wire one feed."""
    with DAG(
        dag_id=feed.dag_id,
        dag_display_name=f"{feed.department.name_zh} · {feed.record_type}",
        description=f"{feed.department.name_en}: {feed.record_type}",
        schedule=None if os.environ.get("GUIJI_UNSCHEDULED") else feed.mapping["schedule"],
        start_date=START,
        catchup=False,
        max_active_runs=1,
        tags=["feed", feed.department.code, feed.record_type],
        params={"business_date": BUSINESS_DATE},
        default_args={"owner": feed.department.code, **RETRY},
        doc_md=f"`{feed.where}` → {', '.join(feed.receivers)}",
    ) as dag:
        _wire(feed)
    return dag


def _wire(feed: Feed) -> None:
    @task(task_id="land")
    def land(params: dict[str, str | None] | None = None) -> int:
        return tasks.land(feed.name, _business_date(params))

    @task(task_id="prepare")
    def prepare() -> None:
        tasks.prepare(feed.name)

    @task(task_id="report", trigger_rule=TriggerRule.ALL_DONE, retries=0)
    def report() -> None:
        tasks.report(feed.name)

    landed, prepared = land(), prepare()
    landed >> prepared
    sent = [_send(feed, receiver) for receiver in feed.receivers]
    prepared >> sent >> report()


def _send(feed: Feed, receiver: str):  # type: ignore[no-untyped-def]  # Airflow's XComArg
    @task(task_id=f"send_{receiver}")
    def send() -> None:
        tasks.send(feed.name, receiver)

    return send()


def _business_date(params: dict[str, str | None] | None) -> str:
    wanted = (params or {}).get("business_date")
    return wanted or pendulum.now("Asia/Shanghai").date().isoformat()


only = get_parsing_context().dag_id
for item in Catalog().sound_feeds.values():
    if only in (None, item.dag_id):
        globals()[item.dag_id] = build(item)
