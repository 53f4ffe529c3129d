"""A receiver's exchange tables, as statements for its database people: columns from its profiles, titles beside."""

from datetime import date

from connectors.table_ddl import TYPES, Tables
from connectors.table_layout import check_fields, layout
from connectors.table_servers import database_of
from schemas.catalog import Receiver, expand
from schemas.errors import ConfigurationError, SecretMissing
from schemas.nearest import nearest
from schemas.standard import in_force
from transforms.outgoing import compile_profile

DIALECTS = {"Sqlite": "sqlite", "Postgres": "postgresql", "Maria": "mysql"}


def statements(receiver: Receiver, dialect: str = "") -> str:
    """`dialect`: sqlite, postgresql or mysql; by default what access.url says. Raises ConfigurationError."""
    if receiver.access.get("method") != "table":
        raise ConfigurationError(
            "takes nothing by exchange table", where=f"{receiver.where}: access.method", remedy="only for method table"
        )
    found, fields = layout(receiver.access, receiver.where), {}
    for record_type in found.tables:
        if record_type not in receiver.profiles:
            raise ConfigurationError(
                f"there is no profile for {record_type}",
                where=f"{receiver.where}: access.tables",
                remedy=f"write receivers/{receiver.code}/{record_type}.yaml; "
                + nearest(record_type, list(receiver.profiles)),
            )
        fields[record_type] = columns(receiver, record_type)
    return Tables(found, _dialect(receiver, dialect)).statements(fields)


def columns(receiver: Receiver, record_type: str) -> list[tuple[str, str]]:
    """(column, title) in the order in which they are sent; the title as the receiver's own table has it, else ours.

    Raises ConfigurationError for a field that no table can hold.
    """
    kind = in_force("enforcement", date.today()).record_types[record_type]
    where = f"receivers/{receiver.code}/{record_type}.yaml"
    theirs = receiver.tables.get(record_type, {}).get("properties", {})
    found = []
    profile = compile_profile(receiver.profiles[record_type], kind, where)
    check_fields(layout(receiver.access, receiver.where), [name for name, _ in profile.fields], f"{where}: fields")
    for name in profile.lists:
        raise ConfigurationError(
            "a table has no room for a list", where=f"{where}: fields.{name}", remedy="take it out, or send by xlsx"
        )
    for name, spec in profile.fields:
        ours = kind.field(spec["from"]).title_zh if spec.get("from") in kind.names else ""
        found.append((name, " ".join(str(theirs.get(name, {}).get("title", ours)).split())))
    return found


def _dialect(receiver: Receiver, dialect: str) -> str:
    if dialect:
        if dialect not in TYPES:
            raise ConfigurationError(f"{dialect} is not known", where="--for", remedy=nearest(dialect, list(TYPES)))
        return dialect
    try:
        url = str(expand(receiver.access["url"], receiver.where))
    except SecretMissing:
        raise ConfigurationError(
            "the address is not set, so the kind of database is not known",
            where=f"{receiver.where}: access.url",
            remedy=f"say --for {' or '.join(TYPES)}",
        ) from None
    return DIALECTS[database_of(url, receiver.where).__name__]
