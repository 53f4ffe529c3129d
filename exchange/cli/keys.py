"""`guiji keys`: the keys of what is encrypted here, and reading one file of it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="密钥：查看、生成、轮换；解密读取单个文件。 Keys: show, make, rotate; read one encrypted file.",
    no_args_is_help=True,
)
Reason = Annotated[str, typer.Option("--reason", help="理由 · why")]
Person = Annotated[str, typer.Option("--person", help="经办人 · who", envvar="GUIJI_PERSON")]


@app.command()
def show() -> None:
    """密钥在何处、有多少、能否全部打开。 Where the keys lie, how many, and whether each of them opens."""
    from exchange.site import Site

    keys = Site.from_environment().vault.keys
    scopes = keys.scopes()
    alive = [scope for scope, there in scopes.items() if there]
    for scope in alive:
        keys.key(scope)
    typer.echo(
        f"主密钥 master key: {keys.master}\n数据密钥 data keys: {keys.data}\n算法 cipher of new keys: {keys.suite.name}"
    )
    typer.echo(f"✓ {len(alive)} 个可用 all open · {len(scopes) - len(alive)} 个已销毁 destroyed")


@app.command()
def make() -> None:
    """新装时在 GUIJI_MASTER_KEY_FILE 处生成主密钥。 Make the master key of a new installation where it is named."""
    from exchange.site import Site

    keys = Site.from_environment().vault.keys
    keys.make_master()
    typer.echo(f"✓ {keys.master} → 立即另处备份 back it up elsewhere now")


@app.command()
def rotate(reason: Reason, person: Person) -> None:
    """更换主密钥，重新包裹全部数据密钥。 A new master key; every data key is wrapped by it anew."""
    from exchange.site import Site

    site = Site.from_environment()
    count = site.vault.keys.rotate()
    with site.ledger.write("keys") as connection:
        site.ledger.note(connection, "master key rotated", f"{count} data keys", reason, person)
    typer.echo(f"✓ {count} 个已重新包裹 wrapped anew → 立即备份新主密钥 back up {site.vault.keys.master} now")


@app.command()
def read(
    file: Annotated[Path, typer.Argument(help="加密文件 · an encrypted file", exists=True, dir_okay=False)],
    reason: Reason,
    person: Person,
) -> None:
    """解密一个文件到标准输出；先记入台账。 One file in the clear on standard output; written down first."""
    from shutil import copyfileobj

    from exchange.ciphertext import read_header
    from exchange.site import Site

    site = Site.from_environment()
    with file.open("rb") as stream:
        scope = read_header(stream, file.name).scope
    with site.vault.open(file, scope) as body:
        with site.ledger.write("keys") as connection:
            site.ledger.note(connection, "file read", f"{scope} {file.name}", reason, person)
        copyfileobj(body, sys.stdout.buffer)
