"""`guiji batch`: a whole batch that waits for a person: the gate held it, it cannot be read, or its time is over."""

from typing import Annotated

import typer

app = typer.Typer(
    help="整批：接受被扣留的批次、放弃、销毁。 Whole batches: accept a held one, give one up, or destroy one.",
    no_args_is_help=True,
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


@app.command()
def shred(load: Number, reason: Reason, person: Person) -> None:
    """销毁一批的密钥与文件，不可恢复；台账保留。 Destroy a batch's keys and files for good; the ledger stays."""
    from exchange.shred import shred as destroy
    from exchange.site import Site

    gone = destroy(Site.from_environment(), load, reason, person)
    typer.echo(
        f"✓ {len(gone)} 个密钥已销毁 keys destroyed → 备份中的 keys/ 也须清除 remove them from your key backups too"
    )
