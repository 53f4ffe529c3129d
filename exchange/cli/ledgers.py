"""`guiji ledger`: whether the history is as it was written."""

import typer

app = typer.Typer(help="台账：核对历史。 The ledger: verify its history.", no_args_is_help=True)


@app.callback()
def ledger() -> None:
    """A group of one: more will come."""


@app.command()
def verify() -> None:
    """重算历史的哈希链，指出第一处断裂。 Recompute the history's chain; name the first line that does not fit."""
    from exchange.ledger.history import verify_chain
    from exchange.site import Site

    with Site.from_environment().ledger.read() as connection:
        chain = verify_chain(connection)
    if chain.broken is not None:
        typer.echo(f"✗ 第 {chain.broken} 号历史行与前一行不符 event {chain.broken} does not follow the line before it")
        raise typer.Exit(1)
    typer.echo(f"✓ {chain.lines} 行 lines · 末行 last {chain.last}")
