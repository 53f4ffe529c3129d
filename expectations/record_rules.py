"""Record rules: a record type's JSON Schema compiled to column masks, equal to a JSON Schema validator's verdict.

A record is {property: text, null, or a list of such records}; a column that is not there is a property that is not
there. Columns that begin with `_` are marks of the house and no part of the record. Every keyword is compiled or
refused, none is ignored.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from expectations import masks
from expectations.columns import Columns, Mask, both, either, opposite
from expectations.masks import Check, everything
from schemas.errors import StandardError
from schemas.findings import Flag

ANNOTATIONS = frozenset({"title", "description", "$schema", "$id", "$comment"})
COMBINING = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else"})
OF_RECORD = COMBINING | {"type", "properties", "required", "additionalProperties", "dependentRequired"}
OF_VALUE = COMBINING | {"type", "enum", "const", "pattern", "minLength", "maxLength", "format"}
OF_LIST = frozenset({"items", "minItems", "maxItems"})

Compile = Callable[[Any, str], list[Check]]


@dataclass(frozen=True)
class RecordRules:
    """The compiled rules of one record type."""

    checks: tuple[Check, ...]

    def check(self, table: pa.Table) -> list[Flag]:
        """What is wrong, by code and field, over the rows of one chunk. No flag: every record is valid."""
        columns = Columns(table)
        found: dict[tuple[str, str], Mask] = {}
        if not columns.rows:
            return []
        for check in self.checks:
            failing = check.failing(columns)
            if failing is not None and failing.any():
                key = (check.code, check.field)
                found[key] = found[key] | failing if key in found else failing
        return [Flag(code, field, np.flatnonzero(mask).astype(np.int64)) for (code, field), mask in found.items()]


def compile_rules(schema: dict[str, Any], where: str) -> RecordRules:
    """Compile a record type's schema. Raises StandardError naming `where` and the key that cannot be obeyed."""
    return RecordRules(tuple(_record(schema, where)))


def _record(schema: Any, where: str) -> list[Check]:
    if isinstance(schema, bool):
        return [] if schema else [Check("FIELD_CONDITION", "", everything)]
    _known(schema, OF_RECORD, where)
    checks = _record_type(schema, where)
    for name in schema.get("required", []):
        checks.append(Check("FIELD_REQUIRED", name, _absent(name)))
    for name, inner in schema.get("properties", {}).items():
        checks += [_if_present(name, check) for check in _value(inner, f"{where}.properties.{name}", name)]
    if "additionalProperties" in schema:
        checks += _closed(schema, where)
    for name, others in schema.get("dependentRequired", {}).items():
        checks += [_if_present(name, Check("FIELD_CONDITION", other, _absent(other))) for other in others]
    return checks + _combined(schema, where, _record)


def _value(schema: Any, where: str, field: str) -> list[Check]:
    if isinstance(schema, bool):
        return [] if schema else [Check("FIELD_CONDITION", field, everything)]
    _known(schema, OF_VALUE | OF_LIST, where)
    types = _types(schema, where)
    checks = _typed(types, field)
    nulls_judged = types is None or "null" in types
    if "enum" in schema:
        checks.append(masks.one_of(field, _texts(schema["enum"], f"{where}.enum"), nulls_judged))
    if "const" in schema:
        checks.append(masks.one_of(field, _texts([schema["const"]], f"{where}.const"), nulls_judged))
    if "minLength" in schema:
        checks.append(masks.shortest(field, schema["minLength"]))
    if "maxLength" in schema:
        checks.append(masks.longest(field, schema["maxLength"]))
    if "pattern" in schema:
        checks.append(masks.matching(field, schema["pattern"], f"{where}.pattern"))
    if "format" in schema:
        checks.append(_format(schema["format"], where, field))
    return [*checks, *_list(schema, where, field), *_combined(schema, where, lambda s, place: _value(s, place, field))]


def _list(schema: dict[str, Any], where: str, field: str) -> list[Check]:
    """The keywords that speak of lists alone; an element is a record."""
    checks: list[Check] = []
    if "minItems" in schema:
        checks.append(masks.fewest(field, schema["minItems"]))
    if "maxItems" in schema:
        checks.append(masks.most(field, schema["maxItems"]))
    items = schema.get("items", True)
    if not isinstance(items, bool):
        if items.get("type") != "object":
            raise _refusal("a list of anything but objects", f"{where}.items")
        checks.append(masks.no_empty_element(field))
        checks += [masks.of_elements(field, check) for check in _record(items, f"{where}.items")]
    return checks if items else [*checks, masks.most(field, 0)]


def _combined(schema: dict[str, Any], where: str, compiled: Compile) -> list[Check]:
    """The keywords that join schemas; the same for a record and for a value."""
    checks = [
        check for n, inner in enumerate(schema.get("allOf", [])) for check in compiled(inner, f"{where}.allOf.{n}")
    ]
    for keyword, judge in (("anyOf", _none_holds), ("oneOf", _not_one_holds)):
        if keyword in schema:
            branches = [compiled(inner, f"{where}.{keyword}.{n}") for n, inner in enumerate(schema[keyword])]
            checks.append(Check("FIELD_CONDITION", _first_field(branches), _over(branches, judge)))
    if "not" in schema:
        inner = compiled(schema["not"], f"{where}.not")
        checks.append(Check("FIELD_CONDITION", _first_field([inner]), _holds(inner)))
    if "if" in schema:
        condition = compiled(schema["if"], f"{where}.if")
        for keyword, gate in (("then", _holds(condition)), ("else", _fails(condition))):
            checks += [_when(gate, check) for check in compiled(schema.get(keyword, True), f"{where}.{keyword}")]
    return checks


def _when(gate: masks.Failing, check: Check) -> Check:
    def failing(columns: Columns) -> Mask | None:
        broken = check.failing(columns)
        return None if broken is None else both(gate(columns), broken)

    return replace(check, code="FIELD_CONDITION", failing=failing)


def _fails(checks: list[Check]) -> masks.Failing:
    return lambda columns: either(check.failing(columns) for check in checks)


def _holds(checks: list[Check]) -> masks.Failing:
    return lambda columns: opposite(_fails(checks)(columns), columns.rows)


def _over(branches: list[list[Check]], judge: Callable[[np.ndarray[Any, Any], int], Mask]) -> masks.Failing:
    def failing(columns: Columns) -> Mask | None:
        holding = np.zeros(columns.rows, dtype=np.int32)
        for branch in branches:
            broken = _fails(branch)(columns)
            holding += 1 if broken is None else ~broken
        return judge(holding, len(branches))

    return failing


def _none_holds(holding: np.ndarray[Any, Any], _branches: int) -> Mask:
    return np.asarray(holding == 0)


def _not_one_holds(holding: np.ndarray[Any, Any], _branches: int) -> Mask:
    return np.asarray(holding != 1)


def _first_field(branches: list[list[Check]]) -> str:
    return next((check.field for branch in branches for check in branch if check.field), "")


def _absent(name: str) -> masks.Failing:
    return lambda columns: None if name in columns.names else everything(columns)


def _if_present(name: str, check: Check) -> Check:
    return replace(check, failing=lambda columns: check.failing(columns) if name in columns.names else None)


def _closed(schema: dict[str, Any], where: str) -> list[Check]:
    if schema["additionalProperties"] is not False:
        raise _refusal("additionalProperties other than false", where)
    known = frozenset(schema.get("properties", {}))

    def failing(columns: Columns) -> Mask | None:
        extra = [name for name in columns.names - known if not name.startswith("_")]
        return everything(columns) if extra else None

    return [Check("FIELD_UNKNOWN", "", failing)]


def _record_type(schema: dict[str, Any], where: str) -> list[Check]:
    kind = schema.get("type", "object")
    if kind != "object" and not (isinstance(kind, list) and "object" in kind):
        raise _refusal(f"type {kind} of a record", where)
    return []


def _types(schema: dict[str, Any], where: str) -> frozenset[str] | None:
    if "type" not in schema:
        return None
    types = frozenset([schema["type"]] if isinstance(schema["type"], str) else schema["type"])
    if not types or not types <= {"string", "null", "array"}:
        raise _refusal(f"type {schema['type']} of a value", where)
    return types


def _typed(types: frozenset[str] | None, field: str) -> list[Check]:
    if types is None:
        return []
    if types == frozenset({"null"}):
        return [masks.empty(field)]
    checks = [] if "null" in types else [masks.required(field)]
    checks += [] if "array" in types else [masks.no_list(field)]
    return checks if "string" in types else [*checks, masks.no_text(field)]


def _texts(values: list[Any], where: str) -> list[str | None]:
    if any(value is not None and not isinstance(value, str) for value in values):
        raise _refusal("a value that is neither text nor null", where)
    return values


def _format(name: str, where: str, field: str) -> Check:
    if name != "date":
        raise _refusal(f"format {name}", where)
    return masks.calendar_date(field)


def _known(schema: dict[str, Any], keywords: frozenset[str], where: str) -> None:
    for key in schema:
        if key not in keywords and key not in ANNOTATIONS and not key.startswith("x-"):
            raise _refusal(f"keyword {key}", where)


def _refusal(what: str, where: str) -> StandardError:
    return StandardError(
        f"{what} is not compiled to a record rule",
        where=where,
        remedy="say it with: " + ", ".join(sorted(OF_RECORD | OF_VALUE | OF_LIST)),
    )
