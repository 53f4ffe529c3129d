"""`guiji quarantine`: what waits for a person."""

from typing import Annotated

import typer

from exchange.cli import returning
from exchange.cli.by_hand import by_hand

app = typer.Typer(
    help="扣留：查看、指定、放行、剔除、退回、补正。 Held records: list, assign, release, drop, return, correct.",
    no_args_is_help=True,
)
Reason = Annotated[str, typer.Option("--reason", help="理由 · why", prompt=False)]
Person = Annotated[str, typer.Option("--person", help="经办人 · who", envvar="GUIJI_PERSON")]
app.command("return")(returning.return_)
app.command("correct")(returning.correct)
app.command("standing")(returning.standing)
app.command("by-hand")(by_hand)


@app.command("list")
def list_(
    feed: Annotated[str, typer.Option("--feed", help="部门/类型，或部门 · feed, or department")] = "",
    state: Annotated[str, typer.Option("--state", help="held | released | dropped | corrected | all")] = "held",
    most: Annotated[int, typer.Option("--most", help="最多显示 · at most")] = 50,
    overdue: Annotated[bool, typer.Option("--overdue", help="只看逾期 · only what is overdue")] = False,
) -> None:
    """列出扣留单与接收方退回，先到期者在前。 List tickets and what receivers sent back; the first due comes first."""
    from rich.markup import escape
    from rich.table import Column, Table

    from exchange.cli.screen import plain, screen
    from exchange.site import Site
    from exchange.tickets import rejections, tickets

    site, console = Site.from_environment(), screen()
    heads = ("单号 ticket", "数据源 feed", "责任 owner", "状态 state", "自 since", "期限 due", "问题 findings")
    table = Table(*(Column(head, overflow="fold") for head in heads))
    for t in tickets(site, feed, state, most, overdue=overdue):
        why = " ".join(f"{c}({f})" if f else c for c, f in t.codes)
        owner = escape(plain(f"{t.owner}{f' · {t.assignee}' if t.assignee else ''}"))
        due = t.term.words if t.state == "held" else "—"
        table.add_row(str(t.id), t.feed, owner, t.state, t.term.since.isoformat(), due, why)
    console.print(table)
    backs = ("接收方 receiver", "数据源 feed", "报送包 delivery", "位置 position", "期限 due", "退回原文 verbatim")
    back = Table(*(Column(head, overflow="fold") for head in backs))
    for r in rejections(site, feed, most):
        words = escape(plain(f"{r.code} {r.text}"))
        if r.term.overdue or not overdue:
            back.add_row(r.receiver, r.feed, r.delivery[:16], str(r.position), r.term.words, words)
    if back.row_count and state in ("held", "all"):
        console.print(back)


@app.command()
def show(number: Annotated[int, typer.Argument(help="单号 · ticket")]) -> None:
    """查看一张扣留单（不显示记录内容）。 One ticket, without record content."""
    from exchange.cli.screen import plain
    from exchange.site import Site
    from exchange.tickets import ticket
    from schemas.findings import registry

    found = ticket(Site.from_environment(), number)
    typer.echo(
        f"{found.id} · {found.feed} · {found.state} · {found.since} · load {found.load_id} row {found.ordinal + 1}"
    )
    typer.echo(plain(f"  责任 owner: {found.owner} · 经办 assignee: {found.assignee or '—'}"))
    typer.echo(
        f"  期限 due: {found.term.words}"
        if found.state == "held"
        else plain(f"  办结 settled: {found.person or '—'} · {found.reason or '—'}")
    )
    for code, field in found.codes:
        entry = registry()[code]
        typer.echo(
            f"  {code} {field}: {entry.title_zh} / {entry.title_en}\n    → {entry.remedy_zh} / {entry.remedy_en}"
        )


@app.command()
def release(
    reason: Reason,
    person: Person,
    number: Annotated[int | None, typer.Argument(help="单号 · ticket")] = None,
    delivery: Annotated[str, typer.Option("--delivery", help="被退记录所在报送包 · delivery of a rejection")] = "",
    position: Annotated[int, typer.Option("--position", help="在包中的位置 · position in it")] = -1,
) -> None:
    """放行：原样报送，或把被退记录重新排队。 Send as it is, or queue a rejected record again."""
    from exchange import quarantine
    from exchange.site import Site

    site = Site.from_environment()
    if delivery:
        quarantine.resend(site, _whole_key(delivery), position, reason, person)
    elif number is not None:
        quarantine.release(site, number, reason, person)
    else:
        raise typer.BadParameter("give a ticket, or --delivery with --position")
    typer.echo("✓ 已排队，下次报送时发出 · queued; the next send takes it")


@app.command()
def drop(number: Annotated[int, typer.Argument(help="单号 · ticket")], reason: Reason, person: Person) -> None:
    """剔除：此行不再报送。 Leave this very row out for good."""
    from exchange import quarantine
    from exchange.site import Site

    quarantine.drop(Site.from_environment(), number, reason, person)
    typer.echo("✓ 已剔除 · dropped")


@app.command()
def assign(
    number: Annotated[int, typer.Argument(help="单号 · ticket")],
    to: Annotated[str, typer.Option("--to", help="由谁办理 · who sees to it")],
    reason: Reason,
    person: Person,
) -> None:
    """指定办理人；责任仍在部门。 Name who sees to it; the department stays its owner."""
    from exchange import quarantine
    from exchange.site import Site

    quarantine.assign(Site.from_environment(), number, to, reason, person)
    typer.echo("✓ 已指定 · assigned")


def _whole_key(beginning: str) -> str:
    from sqlalchemy import select

    from exchange.ledger.tables import delivery
    from exchange.site import Site
    from schemas.errors import GuijiError

    query = select(delivery.c.key).where(delivery.c.key.startswith(beginning, autoescape=True))
    with Site.from_environment().ledger.read() as connection:
        keys = [row[0] for row in connection.execute(query)]
    if len(keys) != 1:
        raise GuijiError(f"{len(keys)} deliveries begin so", where="--delivery", remedy="give more digits")
    return str(keys[0])
