"""`guiji run`, `replay`, `report`: the flow without Airflow."""

from datetime import date, datetime
from typing import Annotated

import typer

from schemas.errors import ConfigurationError, Unfinished

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


def replay(
    batch: Annotated[str, typer.Argument(help="批次号前若干位 · first digits of a batch id")],
    stage: Annotated[str, typer.Option("--from", help="normalize | deliver")] = "normalize",
    day: Day = None,
) -> None:
    """从落地区重放，不再询问部门。 Enter again from the landing store; the department is not asked."""
    from exchange import flow
    from exchange.ledger.loads import Loads
    from exchange.site import Site

    if stage not in ("normalize", "deliver"):
        raise ConfigurationError(f"there is no stage {stage}", where="--from", remedy="write normalize or deliver")
    site = Site.from_environment()
    earlier = Loads(site.ledger).of_batch(batch)
    if stage == "normalize":
        flow.replay(site, earlier, _day(day, earlier.business_date))
        flow.normalize_and_validate(site, earlier.feed)
    for receiver in site.catalog.feed(earlier.feed).receivers:
        flow.seal_and_deliver(site, earlier.feed, receiver)
    try:
        flow.reconcile_and_report(site, earlier.feed, _day(day, earlier.business_date))
    finally:
        from exchange.cli.looking import print_status
        from exchange.cli.screen import screen

        print_status(site, [earlier.feed], screen())


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
