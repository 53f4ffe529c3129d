"""`guiji replay`: a landed batch enters the flow again, and what it would do is shown before."""

import getpass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from exchange.replay import Split

Day = Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="业务日期 · business date")]


def replay(
    batch: Annotated[str, typer.Argument(help="批次号前若干位 · first digits of a batch id")],
    stage: Annotated[str, typer.Option("--from", help="land | prepare | seal")] = "prepare",
    preview: Annotated[bool, typer.Option("--preview", help="只看将发生什么 · show what would happen")] = False,
    rejected: Annotated[
        bool, typer.Option("--rejected", help="与 seal 连用：被退回的也再发 · with seal: also what was sent back")
    ] = False,
    day: Day = None,
    person: Annotated[str, typer.Option("--person", help="经办人 · who", envvar="GUIJI_PERSON")] = "",
) -> None:
    """从落地区重放，不再询问部门；已撤销的不会再发。 Enter again without the department; the revoked stays revoked."""
    from exchange import flow
    from exchange import replay as replays
    from exchange.ledger.loads import Loads
    from exchange.site import Site
    from schemas.errors import ConfigurationError

    replays.checked_stage(stage)
    if rejected and stage != "seal":
        raise ConfigurationError("goes with --from seal alone", where="--rejected", remedy="write --from seal")
    site = Site.from_environment()
    earlier = Loads(site.ledger).of_batch(batch)
    on = day.date() if day else earlier.business_date
    if preview:
        _print(replays.preview(site, earlier, stage, on, rejected=rejected))
        return
    replays.enter(site, earlier, stage, on, rejected=rejected, person=person or getpass.getuser())
    for receiver in site.catalog.feed(earlier.feed).receivers:
        flow.seal_and_deliver(site, earlier.feed, receiver)
    try:
        flow.reconcile_and_report(site, earlier.feed, on)
    finally:
        from exchange.cli.looking import print_status
        from exchange.cli.screen import screen

        print_status(site, [earlier.feed], screen())


def _print(splits: "list[Split]") -> None:
    """A column for each receiver, a line for each share that is not empty."""
    from rich.table import Table

    from exchange.cli.screen import screen
    from exchange.ledger.splits import SHARES

    table = Table("", *(one.receiver for one in splits))
    for name, (zh, en) in SHARES.items():
        counts = [one.shares[name] for one in splits]
        if any(counts) or name in ("send", "identical", "other", "retracted"):
            table.add_row(f"{zh} {en}", *map(str, counts))
    table.add_row("合计 rows", *(str(one.shares.total()) for one in splits))
    table.add_row("该数据源另有待发 of the feed, waiting anyway", *(str(one.waiting) for one in splits))
    screen().print(table)
    typer.echo(
        "未发送 nothing was sent. 新版本封装时仍按接收方字段表与法律检查 new versions are still judged when sealed."
    )
