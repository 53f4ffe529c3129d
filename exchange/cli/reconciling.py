"""`guiji reconcile`: what a receiver holds, against what its receipts say."""

from typing import Annotated

import typer

WORDS = {
    "lost": "缺失 lost there",
    "extra": "多出 unknown to us",
    "altered": "内容不同 other content",
    "version": "版本不同 another version",
}


def reconcile(
    receiver: Annotated[str, typer.Argument(help="接收方 · receiver")],
    feed: Annotated[str, typer.Option("--feed", help="部门/类型，缺省为全部 · one feed, by default all")] = "",
    person: Annotated[str, typer.Option("--person", help="经办人 · who", envvar="GUIJI_PERSON")] = "",
) -> None:
    """与接收方逐批对摘要，找出不同的记录；有差异则退出码为 1。 Compare digests, batch by batch, down to records."""
    import getpass

    from exchange.cli.screen import plain
    from exchange.holdings import compare
    from exchange.site import Site

    found = 0
    for done in compare(Site.from_environment(), receiver, feed, person or getpass.getuser()):
        found += len(done.differences)
        unread = f"，其中 {done.unread} 条只比版本 of which {done.unread} by revision alone" if done.unread else ""
        mark = "✗" if done.differences else "✓"
        count = f"{len(done.differences)} 处差异 differences"
        typer.echo(f"{mark} {done.feed}: {done.records} 条 records{unread} · {count}")
        for d in done.differences:
            ours, theirs = ("—" if n is None else str(n) for n in (d.ours, d.theirs))
            typer.echo(f"  {WORDS[d.kind]}: {plain(d.cd_id)}  我方版本 ours {ours} · 对方版本 theirs {theirs}")
    if found:
        raise typer.Exit(1)
