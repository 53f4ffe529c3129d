"""`guiji day`: which business dates are closed, and closing one with what is not done."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from exchange.days import Day
    from exchange.site import Site

app = typer.Typer(help="日结：查看、关账、接受差异。 Business dates: show, close, accept.", no_args_is_help=True)
On = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="业务日期 · business date")]
FeedName = Annotated[str, typer.Option("--feed", help="部门/类型，缺省为全部 · one feed, by default all")]


@app.command()
def show(
    day: Annotated[datetime | None, typer.Argument(formats=["%Y-%m-%d"], help="业务日期 · business date")] = None,
    feed: FeedName = "",
) -> None:
    """各数据源当日的状态；缺省为最近的日期。 How the day stands for every feed."""
    from exchange import days
    from exchange.cli.screen import screen
    from exchange.ledger.balance import newest_dates
    from exchange.site import Site

    site = Site.from_environment()
    newest = newest_dates(site.ledger)
    wanted = {name: day.date().isoformat() if day else newest.get(name) for name in _names(site, feed)}
    found = [days.look(site, name, date.fromisoformat(on)) for name, on in wanted.items() if on]
    screen().print(_table(site, found), markup=False)


@app.command()
def close(day: On, feed: FeedName = "") -> None:
    """关账：全部办结的当日关账，否则说明未结之处。 Close what is done; say what is not."""
    from exchange import days
    from exchange.site import Site

    site = Site.from_environment()
    left = [
        d
        for name in _names(site, feed)
        for d in [days.settle(site, name, day.date(), site.ledger.take(name))]
        if d.state == "open"
    ]
    for d in left:
        typer.echo(f"✗ {d.feed} {d.business_date}: {_open_points(d)}")
    if left:
        raise typer.Exit(1)
    typer.echo("✓ 已关账 closed")


@app.command()
def accept(
    day: On,
    reason: Annotated[str, typer.Option("--reason", help="理由 · why")],
    person: Annotated[str, typer.Option("--person", help="经办人 · who", envvar="GUIJI_PERSON")],
    feed: FeedName = "",
) -> None:
    """接受未结差异并关账。 Close the day with what is not done, in your name."""
    from exchange import days
    from exchange.site import Site
    from schemas.errors import GuijiError

    site = Site.from_environment()
    names = [n for n in _names(site, feed) if feed or days.look(site, n, day.date()).state == "open"]
    if not names:
        raise GuijiError("nothing of that day is open", where=str(day.date()), remedy="see guiji day show")
    for name in names:
        typer.echo(f"✓ {name}: {_open_points(days.accept(site, name, day.date(), reason, person))}")


def _names(site: "Site", feed: str) -> list[str]:
    return [site.catalog.feed(feed).name] if feed else sorted(site.catalog.feeds)


def _open_points(day: "Day") -> str:
    return day.broken or "；".join(f"{what}: {count}" for what, count in day.differences.items())


def _table(site: "Site", found: Iterable["Day"]) -> object:
    from rich.table import Table

    from exchange.days import closed_through

    words = {"open": "未关账 open", "closed": "已关账 closed", "accepted": "有差异关账 accepted"}
    heads = "数据源 feed,日期 date,状态 state,未结 open points,经办 person,理由 reason,已关至 closed through"
    table = Table(*heads.split(","))
    for d in found:
        through = closed_through(site, d.feed)
        cells = (words[d.state], _open_points(d) or "—", d.person or "—", d.reason or "—", str(through or "—"))
        table.add_row(d.feed, d.business_date.isoformat(), *cells)
    return table
