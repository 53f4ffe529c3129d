"""`guiji check`: every YAML against its schema, every name in it against the code; all problems, not the first."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Annotated

import typer

from exchange.cli.standard_checks import standard_problems
from schemas.catalog import Catalog, Feed, Receiver, expand
from schemas.errors import ConfigurationError, GuijiError

PROMISES = {
    "idempotency": ("honoured", "unknown", "none"),
    "inquiry": ("by_key", "none"),
    "digest": ("by_batch", "none"),
    "again": ("refused", "none"),
}
Connect = Annotated[bool, typer.Option("--connect", help="同时连接各端 · also reach every end")]


def check(connect: Connect = False) -> None:
    """检查全部部门、接收方与标准的配置。 Check departments, receivers and standards."""
    catalog = Catalog()
    problems = [*_problems(catalog), *(_unreachable(catalog) if connect else [])]
    for problem in problems:
        typer.echo(f"✗ {problem}", err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"✓ {len(catalog.feeds)} 个数据源 feeds · {len(catalog.receivers)} 个接收方 receivers")


def _problems(catalog: Catalog) -> Iterator[GuijiError]:
    yield from standard_problems()
    broken = catalog.broken()
    yield from broken
    for feed in catalog.sound_feeds.values():
        yield from _of_feed(catalog, feed)
    if not any(error.where.startswith("receivers/") for error in broken):
        for receiver in catalog.receivers.values():
            yield from _of_receiver(catalog, receiver)


def _of_feed(catalog: Catalog, feed: Feed) -> Iterator[GuijiError]:
    from connectors.registry import check_source
    from exchange.terms import correction_days
    from expectations.suites import Suite
    from schemas.standard import in_force
    from transforms.converters.registry import get
    from transforms.decode import checked_format
    from transforms.mapping import compile_mapping

    where = f"{feed.department.where} / {feed.where}"
    yield from _tried(lambda: check_source(feed.department.access, feed.source, where))
    unknown = list(_tried(lambda: _known_type(feed)))
    yield from unknown
    if not unknown:
        kind = in_force(feed.mapping["standard"], date.today()).record_types[feed.record_type]
        yield from _tried(lambda: compile_mapping(feed.mapping, kind, feed.where, get))
        yield from _tried(lambda: Suite(feed.record_type, kind))
    yield from _tried(lambda: checked_format(feed.mapping["format"], feed.where))
    yield from _tried(lambda: _gate(feed))
    yield from _tried(lambda: correction_days(feed))
    yield from _tried(lambda: _schedule(feed))
    if not feed.receivers:
        yield ConfigurationError("nobody receives it", where=f"{feed.where}: receivers", remedy="name one at least")
    for code in feed.receivers:
        yield from _tried(lambda code=code: _takes(catalog, code, feed))  # type: ignore[misc]


def _known_type(feed: Feed) -> None:
    from schemas.nearest import nearest
    from schemas.standard import in_force
    from schemas.version_files import names

    if feed.mapping["standard"] not in names():
        raise ConfigurationError(
            f"there is no standard {feed.mapping['standard']}",
            where=f"{feed.where}: standard",
            remedy=nearest(feed.mapping["standard"], names()),
        )
    types = in_force(feed.mapping["standard"], date.today()).record_types
    if feed.record_type not in types:
        raise ConfigurationError(
            f"the standard has no record type {feed.record_type}",
            where=f"{feed.where}: record_type",
            remedy=nearest(feed.record_type, list(types)),
        )


def _takes(catalog: Catalog, code: str, feed: Feed) -> None:
    from schemas.nearest import nearest

    known = sorted({path.parent.name for path in catalog.root.glob("receivers/*/receiver.yaml")})
    if code not in known:
        raise ConfigurationError(
            f"there is no receiver {code}", where=f"{feed.where}: receivers", remedy=nearest(str(code), known)
        )
    if feed.record_type not in catalog.receiver(code).profiles:
        raise ConfigurationError(
            f"receiver {code} has no profile for {feed.record_type}",
            where=f"{feed.where}: receivers",
            remedy=f"write receivers/{code}/{feed.record_type}.yaml",
        )
    access = catalog.receiver(code).access
    if access.get("method") == "table" and feed.record_type not in access.get("tables", {}):
        raise ConfigurationError(
            f"there is no table for {feed.record_type}",
            where=f"receivers/{code}/receiver.yaml: access.tables",
            remedy=f"write `{feed.record_type}: …`, then `guiji new tables {code}`",
        )


def _gate(feed: Feed) -> None:
    from dataclasses import fields

    from expectations.gate import GateLimits
    from schemas.nearest import nearest

    known = [field.name for field in fields(GateLimits)]
    if not isinstance(feed.mapping.get("gate", {}), dict):
        raise ConfigurationError("gate holds no keys", where=f"{feed.where}: gate", remedy="write `gate:` and limits")
    for key in feed.mapping.get("gate", {}):
        if key not in known:
            raise ConfigurationError(
                f"{key} is not a limit", where=f"{feed.where}: gate", remedy=nearest(str(key), known)
            )
    for key, limit in feed.mapping.get("gate", {}).items():
        if not isinstance(limit, int | float) or limit < 0:
            raise ConfigurationError(
                "is not a number", where=f"{feed.where}: gate.{key}", remedy="write for example 0.2, a share of 1"
            )


def _schedule(feed: Feed) -> None:
    parts = str(feed.mapping["schedule"]).split()
    if len(parts) != 5:
        raise ConfigurationError(
            "is not five cron fields", where=f"{feed.where}: schedule", remedy='write for example "0 1 * * *"'
        )


def _of_receiver(catalog: Catalog, receiver: Receiver) -> Iterator[GuijiError]:
    from connectors.registry import check_target
    from exchange.cli.new_check import against_table, open_fields
    from exchange.cli.new_tables import columns
    from schemas.protected import not_permitted
    from schemas.standard import in_force
    from transforms.outgoing import compile_profile

    wrong = list(_tried(lambda: check_target(receiver.access, receiver.where, receiver.sheets)))
    yield from wrong
    tables = receiver.access["tables"] if not wrong and receiver.access["method"] == "table" else ()
    yield from _tried(lambda: _promise(receiver))
    types = in_force("enforcement", date.today()).record_types
    for kind, profile in receiver.profiles.items():
        where = f"receivers/{receiver.code}/{kind}.yaml"
        if kind in types:
            todo = list(open_fields(profile, where))
            wrong = [*todo] or list(_tried(lambda p=profile, k=kind, w=where: compile_profile(p, types[k], w)))  # type: ignore[misc]
            yield from wrong
            if kind in tables and not wrong:
                yield from _tried(lambda k=kind: columns(receiver, k))  # type: ignore[misc]
            yield from against_table(catalog.root / "receivers" / receiver.code, kind, profile, where)
            yield from _tried(lambda p=profile, w=where: not_permitted(p, date.today(), w))  # type: ignore[misc]
        else:
            yield ConfigurationError("is no record type of the standard", where=where, remedy="rename the file")


def _promise(receiver: Receiver) -> None:
    from exchange.ladder import rungs
    from schemas.nearest import nearest

    for key, known in PROMISES.items():
        said = str(receiver.promise.get(key, "none"))
        if said not in known:
            raise ConfigurationError(
                f"{said} is no promise", where=f"{receiver.where}: promise.{key}", remedy=nearest(said, known)
            )
    rungs(receiver)
    most = receiver.batch.get("max_records", 1)
    if not isinstance(most, int) or most < 1:
        raise ConfigurationError(
            "is not a count", where=f"{receiver.where}: batch.max_records", remedy="write for example 1000"
        )
    for key in receiver.batch:
        if key != "max_records":
            raise ConfigurationError(
                f"{key} is not a key here", where=f"{receiver.where}: batch", remedy=nearest(key, ["max_records"])
            )


def _unreachable(catalog: Catalog) -> Iterator[GuijiError]:
    from connectors.registry import open_source, open_target

    for feed in catalog.feeds.values():
        access = feed.department.access
        where = feed.department.where
        yield from _tried(lambda f=feed, a=access, w=where: open_source(expand(a, w), f.source, w).check())  # type: ignore[misc]
    used = {code for feed in catalog.feeds.values() for code in feed.receivers}
    for receiver in (found for code, found in catalog.receivers.items() if code in used):
        yield from _tried(lambda r=receiver: open_target(expand(r.access, r.where), r.where, r.sheets).check())  # type: ignore[misc]


def _tried(step: Callable[[], object]) -> Iterator[GuijiError]:
    try:
        step()
    except GuijiError as error:
        yield error
