"""`guiji checkpoint`, `evidence`, `verify`: close the night, prove one delivery, check a proof."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

Show = Annotated[
    list[str] | None,
    typer.Option("--show", help="只出示此编号的记录，可重复 · show the record of this key alone, may be repeated"),
]


def checkpoint(
    new_key: Annotated[
        bool, typer.Option("--new-key", help="换签名钥，新旧同签一次 · exchange the signing key")
    ] = False,
) -> None:
    """对上次以来的报送与回执签发检查点，接续前一个。 Sign a checkpoint over what was answered since the last."""
    from exchange.evidence import Evidence
    from exchange.site import Site

    evidence = Evidence(Site.from_environment())
    note = evidence.checkpoint()
    if new_key:
        note = evidence.rotate()
    last = evidence.log.last
    if last is None:
        typer.echo("– 尚无已答复的报送 · nothing was answered yet")
        return
    sha256, sm3 = last.digests.split()
    typer.echo("✓ 已签发 signed" if note else "✓ 无新内容 nothing new")
    typer.echo(f"检查点 checkpoint {last.number} · {last.parts['time']} · 共 {last.size} 项 entries")
    typer.echo(f"摘要（可公布） digest, to be published\n  sha256 {sha256}\n  sm3    {sm3}")
    typer.echo(f"公钥（须公布） public keys, to be published: {evidence.log.folder / 'keys'}")
    for key in last.keys:
        typer.echo(f"  {key}")


def evidence(
    delivery: Annotated[str, typer.Argument(help="报送键前若干位 · first digits of the delivery's key")],
    out: Annotated[Path | None, typer.Option("--out", help="文件 · file")] = None,
    without_records: Annotated[
        bool, typer.Option("--without-records", help="不出示记录，只留加盐叶 · no record, salted leaves alone")
    ] = False,
    show: Show = None,
    person: Annotated[str, typer.Option("--person", help="经办人 · who", envvar="GUIJI_PERSON")] = "",
) -> None:
    """为一次报送制作存证包，可离线核验。 Make the evidence bundle of one delivery."""
    from exchange.durable import place_file
    from exchange.evidence import Evidence
    from exchange.site import Site

    site = Site.from_environment()
    hidden = without_records or bool(show)
    key, data = Evidence(site).bundle(delivery, show or [] if hidden else None)
    path = out or Path(f"evidence-{key[:12]}.zip")
    what = "records shown: " + (str(len(show or [])) if hidden else "all")
    with site.ledger.write("evidence") as connection:
        site.ledger.note(connection, "evidence", key, what, person or getpass.getuser())
    place_file(path, [data], 0o600)
    typer.echo(f"✓ {path}")
    if not hidden or show:
        typer.echo("! 含个人信息，仅限本人读取（0600） · holds personal data, readable by its owner alone")
    typer.echo(f"→ guiji verify {path}")


def verify(
    bundle: Annotated[Path | None, typer.Argument(help="存证包 · the bundle", exists=True, dir_okay=False)] = None,
    trust: Annotated[
        list[str] | None, typer.Option("--trust", help="公布的公钥：文件、目录或文本；默认本机的 · published keys")
    ] = None,
    published: Annotated[str, typer.Option("--published", help="公布的检查点摘要 · a checkpoint's digest")] = "",
    program: Annotated[
        Path | None, typer.Option("--program", help="写出独立的核验程序，可交给他人 · write the verifier as one file")
    ] = None,
) -> None:
    """离线核验存证包，逐项说明。 Check a bundle, off line, and say one by one what holds."""
    from evidence.single import one_file
    from evidence.verify import check, holds, keys_of, told
    from exchange.cli.screen import plain
    from exchange.site import Site

    if program:
        program.write_text(one_file(), encoding="utf-8")
        typer.echo(f"✓ {program} → python {program} BUNDLE --trust KEY")
    if not bundle:
        if not program:
            raise typer.BadParameter("写存证包文件，或 --program · name a bundle, or --program")
        return
    ours = Site.from_environment().home / "evidence" / "keys"
    keys = keys_of(trust or ([str(ours)] if ours.is_dir() else []))
    raw = bundle.read_bytes()
    findings = check(raw, keys, published)
    for line in told(findings, raw):
        typer.echo("\n".join(plain(part) for part in line.split("\n")))
    raise typer.Exit(0 if holds(findings) else 1)
