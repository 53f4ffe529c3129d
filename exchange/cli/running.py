"""`guiji run`, `report`: the flow without Airflow."""

from datetime import date, datetime
from typing import Annotated

import typer

from schemas.errors import Unfinished

FeedName = Annotated[str, typer.Argument(help="部门/类型，如 market/penalty · department/record type")]
Day = Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="业务日期 · business date")]


def run(feed: FeedName, day: Day = None) -> None:
    """运行一个数据源的全部流程。 Run one feed's whole flow."""
    from exchange import flow
    from exchange.cli.screen import screen
    from exchange.site import Site

    site, console = Site.from_environment(), screen()
    site.catalog.feed(feed)
    try:
        with console.status("…") as status:
            flow.run(site, feed, _day(day, site.today), lambda step: status.update(f"{feed}: {step}"))
    finally:
        from exchange.cli.looking import print_status

        print_status(site, [feed], console)


def report(day: Day = None) -> None:
    """重写某日夜报并给出路径。 Write one night's report again and print its path."""
    from exchange.ledger.balance import newest_loads
    from exchange.report.nightly import write_report
    from exchange.site import Site

    site = Site.from_environment()
    wanted = _day(day, site.today)
    if not newest_loads(site.ledger, wanted.isoformat()):
        raise Unfinished(f"no load of {wanted}", where="ledger", remedy="choose another --date; see guiji status")
    typer.echo(write_report(site, wanted))


def _day(given: datetime | None, default: date) -> date:
    return given.date() if given else default
