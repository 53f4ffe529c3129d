"""What `guiji check` says of a profile that stands beside its receiver's own table: every field has an answer.

A field of the table is sent from somewhere, is a constant, or is left out with a reason; nothing else leaves. A profile
without a `<record_type>.schema.json` was written by hand, and has nothing to be held against.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from exchange.cli.new_mapping import TODO
from schemas.errors import ConfigurationError
from schemas.nearest import nearest

ANSWERS = "write {from: …, as: …} or {constant: …}, or move it to leave_out with a reason"


def open_fields(profile: dict[str, Any], where: str) -> Iterator[ConfigurationError]:
    """An error for each field still marked TODO, with the reason it was left to a person."""
    for name, spec in _table(profile, "fields").items():
        if isinstance(spec, dict) and spec.get("from") == TODO:
            why = f": {spec['why']}" if spec.get("why") else ""
            yield ConfigurationError(f"is still {TODO}{why}", where=f"{where}: fields.{name}", remedy=ANSWERS)


def against_table(folder: Path, kind: str, profile: dict[str, Any], where: str) -> Iterator[ConfigurationError]:
    """Differences between the profile and the receiver's own table."""
    path = folder / f"{kind}.schema.json"
    if not path.is_file():
        return
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        table, required = dict(schema["properties"]), set(schema.get("required", []))
    except (ValueError, KeyError, TypeError):
        yield ConfigurationError("is no JSON Schema with properties", where=f"receivers/{folder.name}/{path.name}",
                                 remedy="restore it, or make it again: guiji new receiver")  # fmt: skip
        return
    fields, left = _table(profile, "fields"), _table(profile, "leave_out")
    yield from _answers(table, required, fields, left, where)
    for name in [name for name in fields if name in table]:
        yield from _form(table[name], fields[name], f"{where}: fields.{name}")


def _answers(
    table: dict[str, Any], required: set[str], fields: dict[str, Any], left: dict[str, Any], where: str
) -> Iterator[ConfigurationError]:
    for name in table:
        if name not in fields and name not in left:
            yield ConfigurationError(f"{name} has no answer", where=f"{where}: fields", remedy=ANSWERS)
        if name in fields and name in left:
            yield ConfigurationError("is also among fields", where=f"{where}: leave_out.{name}", remedy="keep one")
    for name in fields:
        if name not in table:
            yield ConfigurationError(
                "is no field of the receiver's table",
                where=f"{where}: fields.{name}",
                remedy=nearest(name, list(table)),
            )
    for name, reason in left.items():
        if name not in table:
            yield ConfigurationError(
                "is no field of the receiver's table",
                where=f"{where}: leave_out.{name}",
                remedy=nearest(name, list(table)),
            )
        elif name in required:
            yield ConfigurationError("is required there", where=f"{where}: leave_out.{name}", remedy="give it a source")
        elif not str(reason or "").strip():
            yield ConfigurationError("has no reason", where=f"{where}: leave_out.{name}", remedy="write why")


def _form(theirs: dict[str, Any], spec: Any, where: str) -> Iterator[ConfigurationError]:
    """Date format, unit and codes as the table says them."""
    if not isinstance(spec, dict) or spec.get("from") == TODO:
        return
    said = spec.get("as", "text")
    form = theirs.get("x-format", "")
    if said == "date" and form and str(spec.get("format", "YYYY-MM-DD")) != form:
        yield ConfigurationError("is not the table's date format", where=where, remedy=f"write format: {form}")
    unit = {"yuan": "元", "wan_yuan": "万元"}.get(said, "")
    if unit and theirs.get("x-unit") not in (None, unit):
        right = {"元": "yuan", "万元": "wan_yuan"}[theirs["x-unit"]]
        yield ConfigurationError(f"sends {unit}, the table says {theirs['x-unit']}", where=where, remedy=f"as: {right}")
    codes = list(theirs.get("enum") or [])
    sent = [str(v) for v in spec.get("words", {}).values()] if said == "words" else [str(spec.get("constant", ""))]
    wrong = [code for code in sent if code and code not in codes] if codes else []
    if wrong:
        known = [str(code) for code in codes if code is not None]
        yield ConfigurationError(f"{wrong[0]} is no code of the table", where=where, remedy=nearest(wrong[0], known))


def _table(profile: dict[str, Any], key: str) -> dict[str, Any]:
    found = profile.get(key)
    return found if isinstance(found, dict) else {}
