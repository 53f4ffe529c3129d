"""`make nightly`: a whole night through Airflow's scheduler on embedded parts, with progress and a table at the end."""

import argparse
import os
import sys
from datetime import date
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from exchange.cli.screen import screen
from exchange.evidence import Evidence
from exchange.holdings import answering, compare, show
from exchange.ledger.balance import LoadBalance, load_balance, newest_loads
from exchange.orchestration import Airflow, RunChange
from exchange.site import Site
from sandbox.world import World
from schemas.catalog import HOUSE
from schemas.errors import GuijiError

# One night by hand: the clock starts nothing beside it, and a receiver that is down is not waited for ten minutes.
TONIGHT_ONLY = {"GUIJI_UNSCHEDULED": "1", "GUIJI_RETRIES": "1", "GUIJI_RETRY_SECONDS": "2"}


def main(arguments: list[str] | None = None) -> int:
    """Run one night. Exit status 0 when every feed is whole, 1 otherwise."""
    options = _options(arguments)
    console = screen()
    home = Path(os.environ.get("GUIJI_HOME") or HOUSE / "var").resolve()
    home.mkdir(parents=True, exist_ok=True)
    with World(home / "sandbox", rows=options.rows) as world:
        night = max(options.night, world.night)  # what was sent cannot be unsent: there is no way back
        world.advance_to(night)
        day = world.business_date(night)
        os.environ.update({**world.env(), "GUIJI_HOME": str(home)})
        site = Site.from_environment()
        console.print(f"归集 Guiji · 第 {night} 夜 night {night} · 业务日期 business date {day}")
        states = _through_airflow(site, day, console)
        return _close(site, day, states, console)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make nightly", description=__doc__)
    parser.add_argument("--night", type=int, default=1, help="which night of the sandbox (make nightly NIGHT=2)")
    parser.add_argument("--rows", type=int, default=2000, help="records per feed")
    return parser.parse_args(arguments)


def _through_airflow(site: Site, day: date, console: Console) -> dict[str, str]:
    """Trigger every feed's DAG and watch. Returns the final state of each run by DAG id."""
    names = {feed.dag_id: feed.name for feed in site.catalog.feeds.values()}
    console.print("启动 Airflow（首次约半分钟）… starting Airflow")
    env = {**os.environ, **TONIGHT_ONLY}
    with Airflow(site.home / "airflow", HOUSE / "dags", env=env) as airflow:
        console.print(f"Airflow: {airflow.url}")

        def told(change: RunChange) -> None:
            task = f" · {change.task_id}" if change.task_id else ""
            console.print(f"  {names.get(change.dag_id, change.dag_id):<20}{task:<22} {change.state}")

        return airflow.run_dags(sorted(names), conf={"business_date": day.isoformat()}, on_change=told)


def _close(site: Site, day: date, states: dict[str, str], console: Console) -> int:
    balances = {
        feed: load_balance(site.ledger, load, site.catalog.feed(feed).receivers)
        for feed, load in newest_loads(site.ledger, day.isoformat()).items()
    }
    console.print(_table(site, balances, states))
    console.print("送/收/退: sent / accepted / rejected")
    differing = [receiver for receiver in answering(site) if not _agrees(site, receiver, console)]
    Evidence(site).checkpoint()
    console.print(f"报告 report: {site.home / 'reports' / day.isoformat() / 'index.html'}")
    return 0 if not differing and all(state == "success" for state in states.values()) else 1


def _agrees(site: Site, receiver: str, console: Console) -> bool:
    """The morning's comparison: what the receiver holds, against what its receipts say."""
    try:
        found = compare(site, receiver)
    except GuijiError as error:
        console.print(f"✗ {error}", markup=False)
        return False
    records, differences = sum(one.records for one in found), sum(len(one.differences) for one in found)
    mark = "✗" if differences else "✓"
    console.print(f"{mark} 在库对账 holdings of {receiver}: {records} 条 records · {differences} 处差异 differences")
    show(site, receiver)
    return not differences


def _table(site: Site, balances: dict[str, LoadBalance], states: dict[str, str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("数据源\nfeed", no_wrap=True)
    for head in ("拉取\npulled", "未变\nsame", "扣留\nheld", "新\nnew", "注销\ngone"):
        table.add_column(head, justify="right", no_wrap=True)
    receivers = sorted({r for feed in site.catalog.feeds.values() for r in feed.receivers}, reverse=True)
    for receiver in receivers:
        table.add_column(f"{receiver}\n送/收/退", justify="right", no_wrap=True)
    table.add_column("结果\nresult", no_wrap=True)
    for feed in sorted(site.catalog.feeds):
        table.add_row(*_row(feed, balances.get(feed), receivers, states.get(site.catalog.feed(feed).dag_id, "—")))
    return table


def _row(feed: str, balance: LoadBalance | None, receivers: list[str], state: str) -> list[str]:
    result = {"success": "办结 done", "failed": "未办结 open"}.get(state, state)
    if balance is None:
        return [feed, *["—"] * (5 + len(receivers)), result]
    numbers = (balance.pulled, balance.unchanged, balance.quarantined, balance.new, balance.vanished)
    said = {r.receiver: f"{r.sent}/{r.accepted}/{r.rejected}" for r in balance.receivers}
    cells = ["—" if n is None else str(n) for n in numbers]
    return [feed, *cells, *(said.get(r, "—") for r in receivers), result]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GuijiError as error:
        print(f"✗ {error}", file=sys.stderr)
        sys.exit(1)
