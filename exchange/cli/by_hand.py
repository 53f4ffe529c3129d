"""`guiji quarantine by-hand`: changes that a receiver does not take and a person sees to."""

from typing import Annotated

import typer

from schemas.errors import ConfigurationError


def by_hand(
    version: Annotated[int, typer.Argument(help="版本号；不写则列出 · version; without it, the list")] = 0,
    receiver: Annotated[str, typer.Argument(help="接收方 · receiver")] = "",
    reason: Annotated[str, typer.Option("--reason", help="理由 · why")] = "",
    person: Annotated[str, typer.Option("--person", help="经办人 · who", envvar="GUIJI_PERSON")] = "",
) -> None:
    """人工办理：接收方同一编号只收一次时的更正与撤销。 Changes that go by hand: list, or record as done."""
    from exchange import by_hand as changes
    from exchange.cli.screen import plain
    from exchange.site import Site

    site = Site.from_environment()
    if version:
        if not (receiver and reason and person):
            raise ConfigurationError(
                "receiver, --reason or --person is missing", where="quarantine by-hand", remedy="give all three"
            )
        settled = changes.done(site, version, receiver, reason, person)
        typer.echo(f"✓ 已登记 recorded: {settled} 个版本 versions")
        return
    found = changes.waiting(site)
    for one in found:
        what = "撤销 revoke" if one.operation == "revoke" else "更正 change"
        typer.echo(plain(f"{one.version} · {one.receiver} · {one.feed} · {one.business_key} · {what} · {one.since}"))
    if not found:
        typer.echo("✓ 无待人工办理 nothing waits for a hand")
