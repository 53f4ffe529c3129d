"""The standard (数据标准): versions, record types, code lists; read from `standards/`, nothing hard-coded.

A record type is a JSON Schema (2020-12) whose properties carry `title` (Chinese), `x-title-en`, `x-kind`,
`x-codes`, `x-unit`, `x-personal`, `x-source`, `x-verified`. Every leaf of a record is a string or null, so money
never passes through a float; `x-kind` says what the string holds.
"""

import csv
import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml

from schemas.errors import StandardError

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = Path(__file__).parent / "standards"
Kind = Literal["text", "date", "datetime", "money", "code", "boolean"]
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

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields)

    def arrow_schema(self) -> "pa.Schema":
        """Canonical columns: string, date32, timestamp[s] in Asia/Shanghai, decimal128(20, 6), bool."""
        import pyarrow as pa

        kinds = {
            "text": pa.string(),
            "code": pa.string(),
            "date": pa.date32(),
            "datetime": pa.timestamp("s", tz="Asia/Shanghai"),
            "money": pa.decimal128(20, 6),
            "boolean": pa.bool_(),
        }
        return pa.schema([(f.name, kinds[f.kind]) for f in self.fields])


def _missing(name: str) -> Field:
    raise KeyError(name)


@dataclass(frozen=True)
class Standard:
    """One version of a standard, in force on both `in_force_from` and `in_force_to` (None = open)."""

    name: str
    version: str
    in_force_from: date
    in_force_to: date | None
    record_types: dict[str, RecordType]


@cache
def standard(name: str, version: str) -> Standard:
    """Load one version. Raises StandardError naming file and key."""
    folder = FOLDER / name / version
    about = folder / "standard.yaml"
    if not about.is_file():
        raise StandardError(
            f"version {version} of standard {name} does not exist",
            where=f"schemas/standards/{name}",
            remedy=f"use one of: {', '.join(versions(name)) or 'none'}",
        )
    head = yaml.safe_load(about.read_text(encoding="utf-8"))
    types = {p.name.removesuffix(".schema.json"): p for p in sorted(folder.glob("*.schema.json"))}
    return Standard(
        name=name,
        version=version,
        in_force_from=head["in_force"]["from"],
        in_force_to=head["in_force"].get("to"),
        record_types={key: _record_type(name, version, key, path) for key, path in types.items()},
    )


def versions(name: str) -> list[str]:
    """All versions that have a standard.yaml, oldest first."""
    return sorted(p.parent.name for p in (FOLDER / name).glob("*/standard.yaml"))


def in_force(name: str, on: date) -> Standard:
    """The version in force on a day. Raises StandardError when none or when two claim the day."""
    found = [s for s in (standard(name, v) for v in versions(name)) if _covers(s, on)]
    if len(found) != 1:
        raise StandardError(
            f"{len(found)} versions of {name} are in force on {on}",
            where=f"schemas/standards/{name}",
            remedy="let in_force of standard.yaml leave no gap and no overlap",
        )
    return found[0]


def _covers(item: Standard, on: date) -> bool:
    return item.in_force_from <= on and (item.in_force_to is None or on <= item.in_force_to)


def _record_type(standard_name: str, version: str, name: str, path: Path) -> RecordType:
    schema = json.loads(path.read_text(encoding="utf-8"))
    required = set(schema.get("required", []))
    try:
        fields = tuple(_field(key, spec, key in required) for key, spec in schema["properties"].items())
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
        raise StandardError(
            f"annotation {missing} is missing", where=str(path.relative_to(FOLDER)), remedy="see docs/standard.md"
        ) from None


def _field(name: str, spec: dict[str, Any], required: bool) -> Field:
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
    )


@cache
def code_list(name: str, version: str, codes: str) -> tuple[dict[str, str], ...]:
    """Rows of one code list of one version, in file order. Raises StandardError when it does not exist."""
    path = FOLDER / name / version / "codes" / f"{codes}.csv"
    if not path.is_file():
        raise StandardError(
            f"code list {codes} does not exist",
            where=f"schemas/standards/{name}/{version}/codes",
            remedy="add the CSV, or correct x-codes",
        )
    with path.open(encoding="utf-8", newline="") as lines:
        return tuple(csv.DictReader(lines))
