"""`guiji report` and `guiji report annual`: what readers get, written again from the ledger."""

from pathlib import Path
from typing import Annotated

import typer

from exchange.cli import deadlines, running
from schemas.annual_layouts import ORDERS
from schemas.errors import ConfigurationError

app = typer.Typer(help="报告：夜报（缺省）与年报。 Reports: the night's (by default) and the year's.")


@app.callback(invoke_without_command=True)
def night(context: typer.Context, day: running.Day = None) -> None:
    """重写某日夜报并给出路径；子命令写其他报告。 Write one night's report again and print its path."""
    if context.invoked_subcommand is None:
        running.report(day)


app.command("deadlines")(deadlines.deadlines)


@app.command()
def annual(
    year: Annotated[int, typer.Option("--year", help="统计年度 · calendar year", min=2000, max=2100)],
    department: Annotated[
        list[str] | None, typer.Option("--department", help="部门代码，可重复 · department, repeatable")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="输出目录 · folder")] = None,
    layout: Annotated[
        list[str] | None,
        typer.Option("--layout", help="版式代码或 YAML 路径，可重复；缺省全部 · layout, all by default"),
    ] = None,
    order: Annotated[
        str, typer.Option("--order", help="版式未给出轻重顺序时指明 · order of severity where the layout names none")
    ] = "",
    revoked: Annotated[str, typer.Option("--revoked", help="count 计入 | leave 不计入 · decisions revoked later")] = "",
) -> None:
    """行政执法统计年报：能填的填，不能填的说明原因。 The annual report: fills what can be filled, says what cannot."""
    from exchange.report.annual import Annual, write_annual
    from exchange.report.annual_facts import Choice
    from exchange.site import Site
    from schemas import annual_layouts

    _one_of("--order", order, ORDERS)
    _one_of("--revoked", revoked, ("count", "leave"))
    wanted = [annual_layouts.layout(name) for name in layout or annual_layouts.layouts()]
    site = Site.from_environment()
    report = Annual(site, year, tuple(department or ()))
    for code in report.departments:
        _one_of("--department", code, sorted(Annual(site, year).feeds))
    folder = out or site.home / "reports" / "annual" / "-".join([str(year), *report.departments])
    records = report.records(wanted)
    for one in wanted:
        result = report.result(one, Choice(order, revoked), records)
        tables = result.facts()["tables"]
        filled, cells = sum(t["filled"] for t in tables), sum(t["of"] for t in tables)
        written = write_annual(result, folder)
        typer.echo(f"✓ {written[0]} · 已填 filled {filled}/{cells}")


def _one_of(option: str, given: str, known: tuple[str, ...] | list[str]) -> None:
    if given and given not in known:
        raise ConfigurationError(f"{given} is not known", where=option, remedy=f"one of: {', '.join(known)}")
