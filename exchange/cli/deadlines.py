"""`guiji report deadlines`: which records are overdue for publication, or come due: a table, and a page in reports/."""

import json
from typing import Annotated, Any

import typer

from exchange.cli.running import Day

EXIT = "退出码 exit status：0 没有逾期 nothing overdue · 1 有逾期 something is overdue"


def deadlines(
    day: Day = None,
    within: Annotated[int, typer.Option("--within", help="几天内到期 · due within so many days", min=0, max=366)] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 · for machines")] = False,
) -> None:
    """哪些记录的公开、报送期限（7/20 个工作日）已到或将到。 Whose 7 or 20 working days are over, or soon are."""
    from exchange.report.deadlines_page import write_deadlines
    from exchange.site import Site

    site = Site.from_environment()
    path, told = write_deadlines(site, day.date() if day else site.today, within)
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        _show(told)
        typer.echo(path)
    if told["overdue"]:
        raise typer.Exit(1)


def _show(told: dict[str, Any]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from exchange.cli.screen import screen

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    heads = [("数据源\nfeed", "left"), ("接收方\nreceiver", "left"), ("期限\nterm", "left")]
    numbers = ["按期\non time", "迟报\nlate", "逾期\noverdue", "今日\ntoday", f"{told['within']} 天内\nsoon"]
    heads += [(head, "right") for head in (*numbers, "不明\nunknown", "及时率\nrate")]
    for head, justify in heads:
        table.add_column(head, justify=justify, no_wrap=True)  # type: ignore[arg-type]  # rich's Literal of words
    for row in told["receivers"]:
        unit = "工作日" if row["clock"]["unit"] == "working days" else row["clock"]["unit"]
        counts = [f"{row[name]:,}" for name in ("on_time", "late", "overdue", "today", "soon", "unknown")]
        rate = "—" if row["rate"] is None else f"{row['rate']:.1%}"
        table.add_row(row["feed"], row["receiver"], f"{row['clock']['limit']} {unit}", *counts, rate)
    console = screen()
    console.print(table)
    for year in sorted({row["unknown_year"] for row in told["receivers"] if row["unknown_year"]}):
        console.print(f"{year} 年的节假日未知 the holidays of {year} are not known → holidays.csv", markup=False)
