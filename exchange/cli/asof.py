"""`guiji asof`: what a receiver held on a day."""

import sys
from datetime import datetime
from typing import Annotated

import typer


def asof(
    receiver: Annotated[str, typer.Argument(help="接收方 · receiver")],
    day: Annotated[
        datetime, typer.Argument(formats=["%Y-%m-%d"], help="日期（北京时间当日终了） · its end in Shanghai")
    ],
    key: Annotated[str, typer.Argument(help="记录键或 cd_id · a record's key or cd_id")] = "",
    feed: Annotated[str, typer.Option("--feed", help="部门/类型 · one feed")] = "",
    raw: Annotated[bool, typer.Option("--bytes", help="只输出报送的原字节 · nothing but the bytes sent")] = False,
) -> None:
    """某接收方某日在库的记录：各数据源计数；给出键则说明版本与回执。 What a receiver held: counts, or one record."""
    from exchange import asof as question
    from exchange.site import Site
    from schemas.errors import GuijiError

    site, on = Site.from_environment(), day.date()
    code = site.catalog.receiver(receiver).code
    if not key:
        if raw:
            raise GuijiError("--bytes wants a key", where="guiji asof", remedy="name the record")
        for name, there, revoked in question.counts(site, code, on, feed):
            typer.echo(f"{name}  在库 held {there}  已撤销 revoked {revoked}")
        return
    for found in question.held(site, code, on, key, feed):
        if raw:
            sys.stdout.buffer.write(question.sent_bytes(site, found))
            continue
        state = "在库 held" if found.operation == "upsert" else "已撤销 revoked"
        typer.echo(f"{found.feed}  {found.business_key}  版本 revision {found.revision}  {state}")
        typer.echo(f"  自 since {found.since}  回执 receipt {found.receipt or '—'}  方案 profile {found.profile}")
        for rung, at, due in question.steps(site, found.delivery, found.position):
            typer.echo(f"  {rung}: {at or '未到 not yet'}" + (f"  最迟 by {due}" if due and not at else ""))
        typer.echo(f"  报送包 delivery {found.delivery}  第 {found.position + 1} 条 record {found.position + 1}")
