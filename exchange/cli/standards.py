"""`guiji standards`: which versions there are, and what a new one changes before its date comes."""

import json
import re
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemas.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.console import Console

    from exchange.comparison_rows import Replayed

EXIT = "退出码 exit status：0 无须处理 nothing breaks · 1 配置须先改，或有记录将被扣留 files to change, or records held"
app = typer.Typer(help="数据标准的版本。 Versions of the standard.", no_args_is_help=True)
Name = Annotated[str, typer.Option("--standard", help="标准 · standard")]
AsJson = Annotated[bool, typer.Option("--json", help="机器可读 · for machines")]


@app.command("list")
def list_versions(name: Name = "enforcement", as_json: AsJson = False) -> None:
    """全部版本及施行日期。 All versions and when they are in force."""
    from schemas.standard import standard, versions

    found = [standard(name, version) for version in versions(name)]
    rows = [
        {"version": s.version, "from": s.in_force_from.isoformat(), "based_on": s.based_on or None,
         "to": s.in_force_to.isoformat() if s.in_force_to else None, "record_types": len(s.record_types)}
        for s in found
    ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        based = f" · 基于 based on {row['based_on']}" if row["based_on"] else ""
        typer.echo(
            f"{name} {row['version']}  {row['from']} – {row['to'] or '…'} · 类型 types {row['record_types']}{based}"
        )


@app.command(epilog=EXIT)
def compare(
    old: Annotated[str, typer.Argument(help="旧版 · old version")],
    new: Annotated[str, typer.Argument(help="新版 · new version")],
    last: Annotated[
        str, typer.Option("--last", help="以近期各批的记录试算，如 30d · try the rows of the last loads")
    ] = "",
    name: Name = "enforcement",
    as_json: AsJson = False,
) -> None:
    """两版标准有何不同，哪些部门、接收方须先改什么。 What differs, and what each department and receiver must do first.

    --last 30d 以近 30 天各批的规范化记录按两版各判一次，给出新版将扣留多少条及原因；不显示记录内容。
    With --last both versions judge the canonical rows of the last loads: how many would be held, and why; no content.
    """
    from exchange.comparison import needs
    from exchange.comparison_rows import days_before, replay_rows
    from exchange.site import Site
    from schemas.catalog import Catalog
    from schemas.contract import differences, pair

    both = pair(name, old, new)
    found, asked = differences(both), needs(Catalog(), both)
    replayed: list[Replayed] | None = None
    if last:
        site = Site.from_environment()
        replayed = replay_rows(site, both, days_before(site.today, _days(last)))
    breaks = sum(need.breaks for need in asked)
    newly = sum(item.newly for item in replayed or [])
    rests_on = [fact for step in both.between for fact in step.upgrade.facts] if both.forward else []
    if as_json:
        told = {
            "standard": name,
            "old": old,
            "new": new,
            "new_in_force_from": both.new.in_force_from.isoformat(),
            "facts": [dict(fact) for fact in rests_on],
            "differences": [asdict(item) for item in found],
            "needs": [asdict(need) for need in asked],
            "breaks": breaks,
            "newly_held": newly if replayed is not None else None,
            "replayed": [_facts(item) for item in replayed] if replayed is not None else None,
        }
        typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        from exchange.cli.screen import screen

        for fact in rests_on:
            words = f"依据 rests on：{fact['zh']} / {fact['en']}（{fact['source']}；核实 verified {fact['verified']}）"
            typer.echo(words)
        _show(screen(), both.new.in_force_from, [asdict(d) for d in found], [asdict(n) for n in asked], replayed)
    if breaks or newly:
        raise typer.Exit(1)


def _days(text: str) -> int:
    found = re.fullmatch("([1-9][0-9]{0,3})d", text)
    if not found:
        raise ConfigurationError(f"{text} is no number of days", where="--last", remedy="write for example 30d")
    return int(found[1])


def _facts(item: "Replayed") -> dict[str, Any]:
    why = [{"code": code, "field": field, "records": count} for (code, field), count in item.why.most_common()]
    return {**asdict(item), "why": why}


def _show(
    console: "Console", first: date, found: list[dict[str, Any]], asked: list[dict[str, Any]],
    replayed: "list[Replayed] | None",
) -> None:  # fmt: skip
    console.print(f"一、标准的差异 what differs（新版 {first} 起施行 in force from）", style="bold", markup=False)
    _table(console, [("类型 / 代码表\nof", "of"), ("名称\nname", "name"), ("差异\ndifference", ("zh", "en")),
                     ("对既有记录\nfor existing records", ("means_zh", "means_en"))], found, "may_hold")  # fmt: skip
    console.print("二、部门与接收方 departments and receivers", style="bold", markup=False)
    _table(console, [("文件\nfile", "file"), ("要做什么\nwhat to do", ("zh", "en"))], asked, "breaks")
    if replayed is None:
        return
    console.print("三、以近期记录试算 tried on the last loads", style="bold", markup=False)
    for item in replayed:
        console.print(
            f"  {item.feed}: 批 loads {item.loads} · 记录 records {item.records:,} · 原已扣留 held already "
            f"{item.held_before:,} · 新版将扣留 newly held {item.newly:,}"
            + (f" · 读不到的批 unreadable {item.unreadable}" if item.unreadable else ""),
            markup=False,
        )
        for (code, field), count in item.why.most_common():
            console.print(f"    {code} {field}: {count:,}  {_title(code)}", markup=False)
    if not replayed:
        console.print("  近期没有已登记的批。 no registered load in that time", markup=False)


def _title(code: str) -> str:
    from schemas.findings import registry

    return f"{registry()[code].title_zh} / {registry()[code].title_en}"


def _table(console: "Console", heads: list[tuple[str, Any]], rows: list[dict[str, Any]], marked: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    if not rows:
        console.print("  没有。 none")
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for head, _ in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        cells = [
            row[key] if isinstance(key, str) else "\n".join(filter(None, (row[k] for k in key))) for _, key in heads
        ]
        table.add_row("✗" if row[marked] else "·", *(Text(cell) for cell in cells))
    console.print(table)
