"""`guiji preview`, `convert`, `status`: looking without changing anything."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

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
    from transforms.converters.cli_form import convert_lines
    from transforms.converters.registry import names

    if listing or not converter:
        typer.echo("\n".join(names()))
        return
    params = dict(item.split("=", 1) for item in param or [])
    for line in convert_lines(converter, sys.stdin, params):
        typer.echo(line)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="机器可读 · for machines")] = False,
    feed: Annotated[str, typer.Option("--feed", help="只看一个数据源 · one feed")] = "",
) -> None:
    """各数据源最近一批：到哪一步、扣留、报送结果。 The newest load of every feed."""
    from exchange.cli.screen import screen
    from exchange.site import Site

    site = Site.from_environment()
    names = [site.catalog.feed(feed).name] if feed else sorted(site.catalog.feeds)
    if as_json:
        typer.echo(json.dumps(status_facts(site, names), ensure_ascii=False, indent=1))
    else:
        print_status(site, names, screen())


def status_facts(site: "Site", names: Iterable[str]) -> dict[str, object]:
    """Balance of the newest load by feed; null where nothing was ever pulled."""
    from exchange.ledger.balance import load_balance, newest_loads

    newest = newest_loads(site.ledger)
    return {
        name: {**asdict(balance), "whole": balance.whole} if balance else None
        for name in names
        for balance in [
            load_balance(site.ledger, newest[name], site.catalog.feed(name).receivers) if name in newest else None
        ]
    }


def print_status(site: "Site", names: list[str], console: "Console") -> None:
    """The table, and a line for everything that is not done: what to type next."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from exchange.ledger.balance import load_balance, newest_loads

    newest, todo = newest_loads(site.ledger), []
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    heads = "数据源\nfeed,日期\ndate,阶段\nstage,拉取\npulled,扣留\nheld,新\nnew,送达 / 应送\naccepted / due"
    for head in heads.split(","):
        table.add_column(head, no_wrap=True)
    for name in names:
        if name not in newest:
            table.add_row(name, "—", "从未拉取 never pulled", "—", "—", "—", "—")
            continue
        b = load_balance(site.ledger, newest[name], site.catalog.feed(name).receivers)
        said = "  ".join(f"{r.receiver} {r.accepted}/{r.versions}" for r in b.receivers)
        cells = ["—" if n is None else str(n) for n in (b.pulled, b.quarantined, b.new)]
        table.add_row(name, b.business_date, b.state, *cells, said)
        if not b.whole:
            todo.append(
                f"  {name}: guiji run {name} --date {b.business_date}" + (f"  # {b.reason}" if b.reason else "")
            )
    console.print(table)
    if todo:
        console.print("未办结 not done:\n" + "\n".join(todo), markup=False)
