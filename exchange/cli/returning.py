"""`guiji quarantine return`, `correct`: rows back to their department, and what it gives back."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from schemas.errors import ConfigurationError, Unfinished

Optional = Annotated[str, typer.Option("--person", help="经办人 · who", envvar="GUIJI_PERSON")]


def return_(
    department: Annotated[str, typer.Argument(help="部门代码 · department")],
    feed: Annotated[str, typer.Option("--feed", help="只退一个数据源 · one feed alone")] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="写入何处 · folder; GUIJI_HOME/returns/… by default")
    ] = None,
    person: Optional = "",
) -> None:
    """生成退回单：本部门被扣留、被退回的行，供其补正。 A workbook of a department's own rows, to be corrected."""
    import getpass

    from exchange.returns import WARNING, write_returns
    from exchange.site import Site
    from schemas.nearest import nearest

    site = Site.from_environment()
    feeds = [f for f in site.catalog.feeds.values() if f.department.code == department and feed in ("", f.name)]
    if not feeds:
        if feed:
            site.catalog.feed(feed)
        raise ConfigurationError(
            f"department {department} has no {feed or 'feed'}",
            where="departments/",
            remedy=nearest(department, list(site.catalog.departments)),
        )
    written = write_returns(site, feeds, out, person or getpass.getuser())
    for one in written:
        typer.echo(f"✓ {one.feed}: {one.rows} 行 rows → {one.path}")
    typer.echo(f"! {WARNING}" if written else "✓ 无需退回 nothing to give back")


def correct(
    files: Annotated[list[Path], typer.Argument(help="补正后的退回单 · return files that were corrected")],
    person: Annotated[str, typer.Option("--person", help="经办人 · who", envvar="GUIJI_PERSON")],
    reason: Annotated[str, typer.Option("--reason", help="理由 · why")] = "部门补正 corrected by the department",
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="业务日期 · business date")
    ] = None,
) -> None:
    """收取补正：逐行核对单号，过规范化、校验、登记，不向部门拉取。 Take corrections in, row by row."""
    from exchange.cli.screen import plain
    from exchange.corrections import correct as take
    from exchange.site import Site

    site, left = Site.from_environment(), 0
    for path in files:
        outcome = take(site, path, reason, person, day.date() if day else None)
        for answer in outcome.answers:
            sign = "✓" if answer.outcome == "corrected" else "✗"
            typer.echo(
                plain(f"{sign} 第 {answer.row} 行 row · {answer.subject[:40] or '—'} · {answer.zh} · {answer.en}")
            )
        good, held = outcome.count("corrected"), outcome.count("held")
        rest = len(outcome.answers) - good - held
        left += held + rest
        typer.echo(f"{path.name}: {good} 已补正 corrected · {held} 仍有问题 still wrong · {rest} 未采用 not taken")
        if outcome.waits:
            typer.echo(f"! 已落地待处理 landed as load {outcome.load_id}: {outcome.waits}", err=True)
        elif good:
            batch = _batch(site, outcome.load_id)
            typer.echo(f"→ 夜间报送，或即刻 sent tonight, or now: guiji replay {batch} --from seal")
    if left:
        raise Unfinished(f"{left} rows are not settled", where="corrections", remedy="every row above says why")


def standing(
    feed: Annotated[str, typer.Option("--feed", help="部门/类型，或部门 · feed, or department")] = "",
) -> None:
    """已补正而来源系统仍是旧行的记录。 Corrections that stand because the source still has the old row."""
    from rich.table import Column, Table

    from exchange.cli.screen import screen
    from exchange.site import Site
    from exchange.standing import stand_now

    heads = ("数据源 feed", "单号 ticket", "文号等 business key", "来源行 source row", "自 since", "经办人 person")
    table = Table(*(Column(head, overflow="fold") for head in heads))
    for row in stand_now(Site.from_environment(), feed):
        table.add_row(*row)
    screen().print(table)


def _batch(site: "object", load_id: int | None) -> str:
    from exchange.ledger.loads import Loads
    from exchange.site import Site

    assert isinstance(site, Site)
    assert load_id is not None
    return (Loads(site.ledger).get(load_id).batch_id or "")[:12]
