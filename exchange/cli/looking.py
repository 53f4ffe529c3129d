"""`guiji preview`, `convert`, `status`: looking without changing anything."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from io import BufferedReader

    from rich.console import Console

    from exchange.late import Late
    from exchange.ledger.balance import LoadBalance
    from exchange.site import Site


def preview(
    feed: Annotated[str, typer.Argument(help="部门/类型 · department/record type")],
    rows: Annotated[int, typer.Option("--rows", help="行数 · rows")] = 20,
) -> None:
    """拉取少量记录，原值、规范值与问题并列；不写任何东西。 Raw beside normalized beside findings; writes nothing."""
    from exchange.cli.preview_table import show_preview
    from exchange.site import Site

    show_preview(Site.from_environment(), feed, rows)


def convert(
    converter: Annotated[str, typer.Argument(help="转换器名 · converter")] = "",
    param: Annotated[list[str] | None, typer.Option("--param", help="参数，如 unit=万元 · parameter")] = None,
    listing: Annotated[bool, typer.Option("--list", help="列出全部转换器 · list all")] = False,
) -> None:
    """标准输入每行一个 JSON 字符串，逐行输出结果。 One JSON string a line in, one result a line out."""
    from transforms.converters.cli_form import chunks_of, convert_chunks, named
    from transforms.converters.registry import names

    if listing or not converter:
        typer.echo("\n".join(names()))
        return
    for line in convert_chunks(converter, chunks_of(cast("BufferedReader", sys.stdin.buffer)), named(param or [])):
        sys.stdout.buffer.write(line.encode() + b"\n")
        sys.stdout.buffer.flush()


def status(
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 · for machines")] = False,
    feed: Annotated[str, typer.Option("--feed", help="只看一个数据源 · one feed")] = "",
    day: Annotated[
        datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="业务日期，缺省为最近 · business date")
    ] = None,
) -> None:
    """各数据源一个日期的全部批次：到哪一步、扣留、报送结果。 All loads of a date, by default each feed's newest."""
    from exchange.cli.screen import screen
    from exchange.site import Site

    site = Site.from_environment()
    names = [site.catalog.feed(feed).name] if feed else sorted(site.catalog.feeds)
    on = day.date() if day else None
    if as_json:
        typer.echo(json.dumps(status_facts(site, names, on), ensure_ascii=False, indent=1))
    else:
        print_status(site, names, screen(), on)


def status_facts(site: "Site", names: Iterable[str], on: date | None = None) -> dict[str, object]:
    """By feed, all loads of a date (by default its newest) added up; null where nothing was pulled."""
    from exchange import days

    facts: dict[str, object] = {}
    for name, balance in _balances(site, names, on).items():
        facts[name] = balance and {
            **asdict(balance),
            "whole": balance.whole,
            "day": days.look(site, name, date.fromisoformat(balance.business_date)).state,
            "closed_through": str(days.closed_through(site, name) or "") or None,
            "late": [asdict(one) for one in _late(site, name)],
        }
    return facts


def print_status(site: "Site", names: list[str], console: "Console", on: date | None = None) -> None:
    """The table, and a line for everything that is not done: what to type next."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from exchange import days

    todo, came_late = list[str](), list[str]()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    heads = "数据源\nfeed,日期\ndate,阶段\nstage,拉取\npulled,扣留\nheld,新\nnew,送达 / 应送\naccepted / due"
    for head in (*heads.split(","), "已关至\nclosed"):
        table.add_column(head, no_wrap=True)
    for name, b in _balances(site, names, on).items():
        if b is None:
            table.add_row(name, str(on or "—"), "从未拉取 never pulled" if on is None else "无批次 no load")
            continue
        said = "  ".join(f"{r.receiver} {r.accepted}/{r.versions}" for r in b.receivers)
        cells = ["—" if n is None else str(n) for n in (b.pulled, b.quarantined, b.new)]
        through = days.closed_through(site, name)
        when = b.business_date + (f" ×{len(b.loads)}" if len(b.loads) > 1 else "")
        table.add_row(name, when, b.state, *cells, said, f"{through:%m-%d}" if through else "—")
        todo += _todo(site, b)
        came_late += _late_files(site, b)
    console.print(table)
    if came_late:
        console.print("迟到文件 files that came late:\n" + "\n".join(came_late), markup=False)
    if todo:
        console.print("未办结 not done:\n" + "\n".join(todo), markup=False)


def _todo(site: "Site", shown: "LoadBalance") -> Iterator[str]:
    """What to type for the date shown, for held deliveries, for other dates that are open, and for what is late."""
    from exchange import days
    from exchange.held import deliveries

    name = shown.feed
    if not shown.whole:
        yield f"  {name}: guiji run {name} --date {shown.business_date}" + (
            f"  # {shown.reason}" if shown.reason else ""
        )
    for held in deliveries(site, "held", name):
        yield f"  {name}: guiji delivery show {held.key[:16]}  # {held.receiver}: 须两人决定 two persons decide"
    for day in days.open_days(site, name):
        if day.business_date.isoformat() != shown.business_date:
            yield f"  {name}: guiji status --feed {name} --date {day.business_date}"
    for one in _late(site, name):
        yield f"  {name}: {one.said}"


def _late_files(site: "Site", shown: "LoadBalance") -> Iterator[str]:
    from exchange.ledger.newer import RULE, late_rows

    with site.ledger.read() as connection:
        rows = late_rows(connection, shown.loads)
    if rows:
        out = shown.exclusions.get(RULE, 0)
        zh, en = f"{rows} 行，其中 {out} 行未采用，更新文件已有", f"{rows} rows, {out} left out: a newer file has them"
        yield f"  {shown.feed}: {zh} · {en}"


def _balances(site: "Site", names: Iterable[str], on: date | None) -> dict[str, "LoadBalance | None"]:
    from exchange.ledger.balance import add_up, day_balances, newest_dates

    newest, found = newest_dates(site.ledger), {}
    for name in names:
        wanted = on.isoformat() if on else newest.get(name, "")
        balances = day_balances(site.ledger, name, wanted, site.catalog.feed(name).receivers)
        found[name] = add_up(balances) if balances else None
    return found


def _late(site: "Site", feed: str) -> list["Late"]:
    """Revocations, corrections and receipts that are due, or overdue."""
    from exchange.late import late

    return late(site, feed)
