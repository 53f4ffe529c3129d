"""The standard (数据标准): versions, record types, code lists; read from `standards/`, nothing hard-coded.

A version is a whole folder, or a small one that is `based_on` an earlier version and changes it by `upgrade.yaml`
(see delta.py). Versions lie here and, for one's own, in `standards/` of the catalog (GUIJI_CATALOG).

A record type is a JSON Schema (2020-12) whose properties carry `title` (Chinese), `x-title-en`, `x-kind`,
`x-codes`, `x-unit`, `x-personal`, `x-source`, `x-verified`. Every leaf of a record is a string or null, so money
never passes through a float; `x-kind` says what the string holds. A property of kind `list` holds records of another
type, its `items` a `$ref` to that type's `$id`; that type's schema stands in its place once loaded.
"""

import csv
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from schemas.delta import NO_UPGRADE, Upgrade
from schemas.errors import StandardError
from schemas.version_files import FOLDER, chain, heads, last_day, schemas_of, upgrade_of, version_file, versions

__all__ = ["FOLDER", "Field", "RecordType", "Standard", "code_list", "in_force", "standard", "versions"]

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["text", "date", "datetime", "money", "code", "boolean", "list"]
Personal = Literal["none", "personal", "sensitive"]


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a record type."""

    name: str
    title_zh: str
    title_en: str
    kind: Kind
    personal: Personal
    required: bool
    codes: str = ""
    unit: str = ""
    source: str = ""
    verified: str = "no"
    items: "RecordType | None" = None  # of a list: what it is a list of

    def arrow_type(self) -> "pa.DataType":
        """string, date32, timestamp[s] in Asia/Shanghai, decimal128(20, 6), bool, or a list of groups of these."""
        import pyarrow as pa

        if self.items:
            return pa.list_(pa.struct(list(self.items.arrow_schema())))
        kinds = {
            "text": pa.string(),
            "code": pa.string(),
            "date": pa.date32(),
            "datetime": pa.timestamp("s", tz="Asia/Shanghai"),
            "money": pa.decimal128(20, 6),
            "boolean": pa.bool_(),
        }
        return kinds[self.kind]


@dataclass(frozen=True)
class RecordType:
    """One kind of record in one version of a standard. `key`: the fields of the business key."""

    standard: str
    version: str
    name: str
    title_zh: str
    title_en: str
    key: tuple[str, ...]
    date_field: str
    fields: tuple[Field, ...]
    schema: dict[str, Any]

    def field(self, name: str) -> Field:
        """The field called `name`. Raises KeyError."""
        return next(f for f in self.fields if f.name == name) if name in self.names else _missing(name)

    def at(self, path: str) -> Field | None:
        """The field that a finding names: its own name, or `list[].field` for one of the entries; None for others."""
        name, _, inner = path.partition("[]")
        if name in self.names and inner.startswith("."):
            items = self.field(name).items
            return items.at(inner[1:]) if items else None
        return self.field(name) if name in self.names else None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields)

    @property
    def lists(self) -> dict[str, "RecordType"]:
        """The fields that are lists, and of which type their records are."""
        return {f.name: f.items for f in self.fields if f.items}

    @property
    def part_of(self) -> str:
        """The type in whose lists alone these records stand; "" for records that stand alone."""
        return str(self.schema.get("x-part-of", ""))

    def arrow_schema(self) -> "pa.Schema":
        """The canonical columns, in the order of the fields."""
        import pyarrow as pa

        return pa.schema([(f.name, f.arrow_type()) for f in self.fields])


def _missing(name: str) -> Field:
    raise KeyError(name)


@dataclass(frozen=True)
class Standard:
    """One version of a standard, in force on both `in_force_from` and `in_force_to` (None = open).

    `upgrade`: how it differs from the version it is `based_on`; empty for a version that stands alone.
    """

    name: str
    version: str
    in_force_from: date
    in_force_to: date | None
    record_types: dict[str, RecordType]
    based_on: str = ""
    upgrade: Upgrade = NO_UPGRADE


def standard(name: str, version: str) -> Standard:
    """Load one version. Raises StandardError naming file and key."""
    head = heads(name).get(version)
    if head is None:
        raise StandardError(
            f"version {version} of standard {name} does not exist",
            where=f"schemas/standards/{name}",
            remedy=f"use one of: {', '.join(versions(name)) or 'none'}",
        )
    return _standard(name, chain(name, version), head.first, last_day(name, version), head.based_on)


def in_force(name: str, on: date) -> Standard:
    """The version in force on a day. Raises StandardError when none or when two claim the day."""
    found = [v for v in versions(name) if _covers(heads(name)[v].first, last_day(name, v), on)]
    if len(found) != 1:
        raise StandardError(
            f"{len(found)} versions of {name} are in force on {on}",
            where=f"schemas/standards/{name}",
            remedy="let in_force of standard.yaml leave no gap and no overlap",
        )
    return standard(name, found[0])


def _covers(first: date, last: date | None, on: date) -> bool:
    return first <= on and (last is None or on <= last)


@cache
def _standard(name: str, folders: tuple[Path, ...], first: date, last: date | None, based_on: str) -> Standard:
    version = folders[0].name
    upgrade = upgrade_of(folders[0]) if based_on else NO_UPGRADE
    schemas = schemas_of(name, folders)
    return Standard(
        name=name,
        version=version,
        in_force_from=first,
        in_force_to=last,
        record_types={key: _record_type(name, version, key, schemas) for key in sorted(schemas)},
        based_on=based_on,
        upgrade=upgrade,
    )


def _record_type(standard_name: str, version: str, name: str, schemas: dict[str, dict[str, Any]]) -> RecordType:
    where = f"{standard_name}/{version}/{name}.schema.json"
    required = set(schemas[name].get("required", []))
    try:
        of = {
            key: _record_type(standard_name, version, _listed(spec, schemas, f"{where}: {key}"), schemas)
            for key, spec in schemas[name]["properties"].items() if spec["x-kind"] == "list"
        }  # fmt: skip
        schema = _in_one(schemas[name], of)
        fields = tuple(_field(key, spec, key in required, of.get(key)) for key, spec in schema["properties"].items())
        return RecordType(
            standard_name,
            version,
            name,
            schema["title"],
            schema["x-title-en"],
            tuple(schema["x-key"]),
            schema["x-date"],
            fields,
            schema,
        )
    except KeyError as missing:
        raise StandardError(f"annotation {missing} is missing", where=where, remedy="see docs/standard.md") from None


def _listed(spec: dict[str, Any], schemas: dict[str, dict[str, Any]], where: str) -> str:
    """The record type that a list's `$ref` names, in whatever version."""
    name = str(spec["items"].get("$ref")).rpartition(":")[2]
    if name not in schemas or "list" in {inner["x-kind"] for inner in schemas[name]["properties"].values()}:
        raise StandardError("items name no record type without lists", where=where, remedy='write {"$ref": its $id}')
    return name


def _in_one(schema: dict[str, Any], of: dict[str, RecordType]) -> dict[str, Any]:
    """The schema with those of its lists in it, so that any JSON Schema validator can read it alone."""
    if not of:
        return schema
    inner = {key: {k: v for k, v in kind.schema.items() if k not in ("$schema", "$id")} for key, kind in of.items()}
    specs = {key: spec | ({"items": inner[key]} if key in inner else {}) for key, spec in schema["properties"].items()}
    return schema | {"properties": specs}


def _field(name: str, spec: dict[str, Any], required: bool, items: RecordType | None = None) -> Field:
    return Field(
        name=name,
        title_zh=spec["title"],
        title_en=spec["x-title-en"],
        kind=spec["x-kind"],
        personal=spec["x-personal"],
        required=required,
        codes=spec.get("x-codes", ""),
        unit=spec.get("x-unit", ""),
        source=spec.get("x-source", ""),
        verified=spec.get("x-verified", "no"),
        items=items,
    )


def code_list(name: str, version: str, codes: str) -> tuple[dict[str, str], ...]:
    """Rows of one code list of one version, in file order. Raises StandardError when it does not exist."""
    return rows_of(version_file(name, version, f"codes/{codes}.csv", f"code list {codes}"))


@cache
def rows_of(path: Path) -> tuple[dict[str, str], ...]:
    """A CSV of a standard, row by row; read once."""
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))
