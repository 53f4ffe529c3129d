"""`guiji delivery`: deliveries whose outcome cannot be found out; two persons decide."""

from typing import Annotated

import typer

app = typer.Typer(
    help="报送包：查看；结果不明的由两人决定。 Deliveries: look; two persons decide where the outcome is not known.",
    no_args_is_help=True,
)
Key = Annotated[str, typer.Argument(help="报送包号前若干位 · first digits of a delivery's key")]
Reason = Annotated[str, typer.Option("--reason", help="理由（第一人提出时） · why, by the first person")]
Person = Annotated[str, typer.Option("--person", help="经办人 · who", envvar="GUIJI_PERSON")]
Confirm = Annotated[bool, typer.Option("--confirm", help="第二人确认 · the second person confirms")]


@app.command("list")
def list_(
    state: Annotated[str, typer.Option("--state", help="held | unknown | refused | dropped | … | all")] = "held",
    feed: Annotated[str, typer.Option("--feed", help="部门/类型 · feed")] = "",
    most: Annotated[int, typer.Option("--most", help="最多显示 · at most")] = 50,
) -> None:
    """列出报送包，默认只列待人决定的。 List deliveries, by default those that wait for persons."""
    from rich.table import Table

    from exchange.cli.screen import screen
    from exchange.held import deliveries
    from exchange.site import Site

    heads = "报送包 delivery,接收方 receiver,数据源 feed,条数 records,状态 state,自 since,已提出 proposed"
    table = Table(*heads.split(","))
    for d in deliveries(Site.from_environment(), state, feed, most):
        said = f"{d.action} ({d.proposed_by})" if d.action else "—"
        table.add_row(d.key[:16], d.receiver, d.feed, str(d.count), d.state, d.since[:16], said)
    screen().print(table, markup=False)


@app.command()
def show(key: Key) -> None:
    """查看一个报送包（不显示记录内容）。 One delivery, without record content."""
    from exchange.held import delivery
    from exchange.site import Site

    d = delivery(Site.from_environment(), key)
    typer.echo(f"{d.key}\n{d.receiver} · {d.feed} · {d.sequence} · load {d.load_id} · {d.count} 条 records")
    typer.echo(f"{d.state} · {d.attempt} 次 attempts · {d.since}")
    if d.action:
        typer.echo(f"已提出 proposed: {d.action} · {d.proposed_by} · {d.reason}")


@app.command()
def release(key: Key, person: Person, reason: Reason = "", confirm: Confirm = False) -> None:
    """原样再报一次；须两人。 Send the same bytes again; takes two persons."""
    _decide(key, "release", "release", reason, person, confirm)


@app.command()
def drop(
    key: Key,
    person: Person,
    reason: Reason = "",
    confirm: Confirm = False,
    close: Annotated[bool, typer.Option("--close", help="不再报送，否则重新排队 · not to be queued again")] = False,
) -> None:
    """按未接收处理：记录重新排队，或以理由了结；须两人。 Count it as not accepted: queued again, or closed."""
    _decide(key, "drop", "close" if close else "return", reason, person, confirm)


@app.command()
def arrived(key: Key, person: Person, reason: Reason = "", confirm: Confirm = False) -> None:
    """接收方证实已收到：按已接收处理；须两人。 The receiver's people have it: count it as accepted; two persons."""
    _decide(key, "arrived", "arrived", reason, person, confirm)


@app.command()
def withdraw(key: Key, person: Person) -> None:
    """撤回或否决已提出的处理。 Take back, or turn down, what was proposed."""
    from exchange import held
    from exchange.site import Site

    held.withdraw(Site.from_environment(), key, person)
    typer.echo("✓ 已撤回 withdrawn")


def _decide(key: str, command: str, action: str, reason: str, person: str, confirm: bool) -> None:
    from exchange import held
    from exchange.site import Site

    site = Site.from_environment()
    if not confirm:
        d = held.propose(site, key, action, reason, person)
        typer.echo(
            f"✓ 已提出 proposed → 另一人 another person: guiji delivery {command} {d.key[:16]} --confirm --person …"
        )
        return
    d = held.confirm(site, key, held.ACTIONS[command], person)
    typer.echo(f"✓ {d.state} → guiji run {d.feed}")
