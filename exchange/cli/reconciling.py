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
) -> None:
    """与接收方逐批对摘要，找出不同的记录；有差异则退出码为 1。 Compare digests, batch by batch, down to records."""
    from connectors.registry import open_target
    from exchange.cli.screen import plain
    from exchange.digests import Comparison, comparable
    from exchange.site import Site
    from schemas.catalog import expand

    site = Site.from_environment()
    to = site.catalog.receiver(receiver)
    feeds = [site.catalog.feed(feed)] if feed else [f for f in site.catalog.feeds.values() if to.code in f.receivers]
    target = comparable(to.promise, open_target(expand(to.access, to.where), to.where), to.where)
    found = 0
    for one in feeds:
        done = Comparison(site, one, to.code, target).run()
        found += len(done.differences)
        unread = f"，其中 {done.unread} 条只比版本 of which {done.unread} by revision alone" if done.unread else ""
        mark = "✗" if done.differences else "✓"
        typer.echo(f"{mark} {one.name}: {done.records} 条 records{unread} · {len(done.differences)} 处差异 differences")
        for d in done.differences:
            ours, theirs = ("—" if n is None else str(n) for n in (d.ours, d.theirs))
            typer.echo(f"  {WORDS[d.kind]}: {plain(d.cd_id)}  我方版本 ours {ours} · 对方版本 theirs {theirs}")
    if found:
        raise typer.Exit(1)
