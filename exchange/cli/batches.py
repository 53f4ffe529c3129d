"""`guiji batch`: a whole batch that waits for a person, because the gate held it or its bytes cannot be read."""

from typing import Annotated

import typer

app = typer.Typer(
    help="整批：接受被扣留的批次，或放弃。 Whole batches: accept a held one, or give one up.", no_args_is_help=True
)
Number = Annotated[int, typer.Argument(help="批次序号（见夜报或 guiji status --json 的 load_id） · load number")]
Reason = Annotated[str, typer.Option("--reason", help="理由 · why")]
Person = Annotated[str, typer.Option("--person", help="经办人 · who", envvar="GUIJI_PERSON")]


@app.command()
def accept(load: Number, reason: Reason, person: Person) -> None:
    """放行被门槛整批扣留的批次；下次运行时处理。 Let a held batch through the gate; the next run takes it."""
    from exchange.ledger.loads import Loads
    from exchange.site import Site

    site = Site.from_environment()
    loads = Loads(site.ledger)
    feed = loads.get(load).feed
    loads.accept(load, reason, person, site.ledger.take(feed))
    typer.echo(f"✓ 已接受 accepted → guiji run {feed} --date {loads.get(load).business_date}")


@app.command()
def abandon(load: Number, reason: Reason, person: Person) -> None:
    """放弃一个无法处理的批次；下次重新向部门拉取。 Give a batch up; the department is asked again."""
    from exchange.ledger.loads import Loads
    from exchange.site import Site

    site = Site.from_environment()
    loads = Loads(site.ledger)
    feed = loads.get(load).feed
    loads.abandon(load, reason, person, site.ledger.take(feed))
    typer.echo(f"✓ 已放弃 given up → guiji run {feed}")
