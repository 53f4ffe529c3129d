"""A department's mapping, compiled: every name in it is checked before the first record is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from schemas.errors import ConfigurationError, UnknownConverter
from schemas.lineage import in_own_words
from schemas.nearest import nearest, refuse_unknown_keys
from schemas.standard import RecordType
from transforms.converters.codes import STANDARD
from transforms.converters.contract import Converter
from transforms.converters.parameters import FIELD, check_parameters
from transforms.decode import tidy_header

KEYS = {
    "standard", "record_type", "schedule", "source", "format", "revoke", "updated", "fields", "ignore", "null_words",
    "gate", "receivers", "repeated_key", "correction_days", "children",
}  # fmt: skip
CHILD_KEYS = {"source", "fields", "ignore", "null_words"}
FIELD_KEYS = {"from", "as", "constant", "join", "null_words", "words"}


@dataclass(frozen=True)
class FieldPlan:
    """One canonical field: where it comes from and how it is converted."""

    name: str
    columns: tuple[str, ...]
    converter: Converter
    constant: str | None
    join: str
    params: Mapping[str, str]
    by: tuple[str, str] | None  # a parameter, and the field of the same record that gives it
    null_words: tuple[str, ...]
    words: Mapping[str, str]  # the department's own words or codes → words that the converter knows


@dataclass(frozen=True)
class Plan:
    """A whole mapping, ready to run over tables of text columns."""

    record_type: RecordType
    fields: tuple[FieldPlan, ...]
    ignored: frozenset[str]
    revoke: tuple[tuple[str, frozenset[str]], ...]
    also_read: frozenset[str]
    where: str
    lists: Mapping[str, "Plan"] = field(default_factory=dict)  # of the tables that hold the entries of lists

    @property
    def reads(self) -> frozenset[str]:
        """Source columns that must be there."""
        return frozenset(c for f in self.fields for c in f.columns) | {column for column, _ in self.revoke}

    @property
    def required_columns(self) -> frozenset[str]:
        """Source columns that a required field lives on, or a revocation: never taken for blank when they are gone."""
        needed = frozenset(c for f in self.fields if self.record_type.field(f.name).required for c in f.columns)
        return needed | {column for column, _ in self.revoke}


def compile_mapping(
    mapping: Mapping[str, Any], record_type: RecordType, where: str, converters: Callable[[str], Converter]
) -> Plan:
    """Raises ConfigurationError or UnknownConverter naming file, key and remedy."""
    if record_type.part_of:
        raise ConfigurationError(
            f"{record_type.name} stands in the lists of {record_type.part_of} alone", where=f"{where}: record_type",
            remedy=f"map it under children of {record_type.part_of}.yaml",
        )  # fmt: skip
    return replace(
        _compiled(mapping, record_type, where, converters), lists=_lists(mapping, record_type, where, converters)
    )


def _lists(
    mapping: Mapping[str, Any], record_type: RecordType, where: str, converters: Callable[[str], Converter]
) -> dict[str, Plan]:
    """The further tables of a record whose type has lists; all of them are read whole, with their records."""
    children, source = mapping.get("children") or {}, mapping.get("source", {})
    refuse_unknown_keys(children, set(record_type.lists), f"{where}: children")
    if children and ("cursor" in source or source.get("sweep", "nightly") != "nightly"):
        raise ConfigurationError(
            "a record with children is read whole every night: a change in a child alone moves no cursor",
            where=f"{where}: source", remedy="take cursor and sweep out",
        )  # fmt: skip
    words = {"null_words": mapping["null_words"]} if "null_words" in mapping else {}
    plans = {}
    for name, spec in children.items():
        place = f"{where}: children.{name}"
        if not isinstance(spec, dict) or not {"source", "fields"} <= set(spec):
            raise ConfigurationError("source or fields is missing", where=place, remedy="write {source: …, fields: …}")
        refuse_unknown_keys(spec, CHILD_KEYS, place)
        plans[name] = _compiled({**words, **spec}, record_type.lists[name], place, converters)
    return plans


def _compiled(
    mapping: Mapping[str, Any], record_type: RecordType, where: str, converters: Callable[[str], Converter]
) -> Plan:
    refuse_unknown_keys(mapping, KEYS, where)
    if mapping.get("repeated_key", "hold") not in ("hold", "last"):
        raise ConfigurationError("is not hold or last", where=f"{where}: repeated_key", remedy="write hold or last")
    words = tuple(str(word) for word in mapping.get("null_words", ()))
    own = in_own_words(mapping["fields"], record_type)
    fields = tuple(
        _field(own[name], _in_own_words(spec, own), record_type, words, f"{where}: fields.{name}", converters)
        for name, spec in mapping["fields"].items()
        if name in own
    )
    unmapped = [f.name for f in record_type.fields if f.required and f.name not in own.values()]
    if unmapped:
        raise ConfigurationError(
            f"required fields are not mapped: {', '.join(unmapped)}",
            where=f"{where}: fields",
            remedy="map each from a column, or give it a constant",
        )
    source = mapping.get("source", {})
    _given_by(fields, record_type, where)
    extra = {source.get("key"), source.get("cursor"), mapping.get("updated")} - {None}
    extra |= {c for name, spec in mapping["fields"].items() if name not in own for c in _columns(spec)}
    return Plan(
        record_type,
        fields,
        _ignored(mapping.get("ignore") or {}, {c for f in fields for c in f.columns}, f"{where}: ignore"),
        _revoke(mapping.get("revoke"), f"{where}: revoke"),
        frozenset(tidy_header(name) for name in extra),
        where,
    )


def _field(
    name: str,
    spec: Any,
    record_type: RecordType,
    words: tuple[str, ...],
    where: str,
    converters: Callable[[str], Converter],
) -> FieldPlan:
    if name not in record_type.names:
        raise ConfigurationError("is not a field of the standard", where=where, remedy=nearest(name, record_type.names))
    if name in record_type.lists:
        raise ConfigurationError("is a list", where=where, remedy=f"map its table under children: {{{name}: …}}")
    if not isinstance(spec, dict) or ("from" in spec) == ("constant" in spec):
        raise ConfigurationError(
            "says neither, or both, of from and constant", where=where, remedy="write {from: column, as: converter}"
        )
    if "constant" in spec:
        refuse_unknown_keys(spec, {"constant", "as"}, where)
    columns = spec.get("from", [])
    converter_name = str(spec.get("as", "text"))
    try:
        converter = converters(converter_name)
    except UnknownConverter as error:
        raise UnknownConverter(f"there is no converter {converter_name}", where=where, remedy=error.remedy) from None
    given = {str(k): v for k, v in spec.items() if k not in FIELD_KEYS}
    check_parameters(converter_name, converter, given, where)
    params = {k: str(v) for k, v in given.items() if k in converter.takes}
    params[STANDARD] = f"{record_type.standard}/{record_type.version}"
    if not columns and "constant" not in spec:
        raise ConfigurationError("names no column", where=f"{where}.from", remedy="write `from: column`")
    _try_out(converter, params, spec, record_type.arrow_schema().field(name).type, where)
    return FieldPlan(
        name,
        tuple(tidy_header(c) for c in _columns(spec)),
        converter,
        str(spec["constant"]) if "constant" in spec else None,
        str(spec.get("join", "；")),
        params,
        next(((k.removesuffix(FIELD), str(v)) for k, v in given.items() if k not in converter.takes), None),
        tuple(str(w) for w in spec["null_words"]) if "null_words" in spec else words,
        _own_words(spec.get("words", {}), f"{where}.words"),
    )


def _columns(spec: Any) -> list[str]:
    """The source columns that one field names."""
    columns = spec.get("from", []) if isinstance(spec, dict) else []
    return [columns] if isinstance(columns, str) else list(columns)


def _in_own_words(spec: Any, own: Mapping[str, str]) -> Any:
    """A field that another one gives a parameter to goes by the name it has in this version."""
    if not isinstance(spec, dict):
        return spec
    return {k: own.get(v, v) if str(k).endswith(FIELD) and isinstance(v, str) else v for k, v in spec.items()}


def _own_words(spec: Any, where: str) -> dict[str, str]:
    if not isinstance(spec, dict):
        raise ConfigurationError("is no table of words", where=where, remedy='write {"1": 自然人, …}')
    return {str(theirs): str(ours) for theirs, ours in spec.items()}


def _ignored(spec: Any, mapped: set[str], where: str) -> frozenset[str]:
    """Columns left behind on purpose, each with its reason."""
    if not isinstance(spec, dict) or not all(spec.values()):
        raise ConfigurationError("gives no reason", where=where, remedy="write `column: why it is not carried`")
    names = frozenset(tidy_header(name) for name in spec)
    if both := sorted(names & mapped):
        raise ConfigurationError(
            f"also mapped: {', '.join(both)}", where=where, remedy="take each out of ignore, or out of fields"
        )
    return names


def _given_by(fields: tuple[FieldPlan, ...], record_type: RecordType, where: str) -> None:
    """A parameter that another field gives: that field must be mapped, of a fitting kind, and stand on its own."""
    own = {f.name for f in fields if f.by is None}
    for plan in fields:
        if plan.by is None:
            continue
        parameter, name = plan.by
        kinds = plan.converter.takes[parameter].kinds
        fit = sorted(n for n in own if record_type.field(n).kind in kinds)
        if name not in fit:
            key = f"{where}: fields.{plan.name}.{parameter}{FIELD}"
            raise ConfigurationError(f"{name} is no mapped field of these kinds: {', '.join(kinds)}", where=key,
                                     remedy=nearest(name, fit))  # fmt: skip


def _try_out(
    converter: Converter, params: Mapping[str, str], spec: Mapping[str, Any], kind: pa.DataType, where: str
) -> None:
    """Run the converter once before any record: over the constant, or over nothing, to see what kind it gives."""
    sample = [str(spec["constant"])] if "constant" in spec else []
    try:
        done = converter(pa.array(sample, pa.string()), params)
    except ConfigurationError as error:
        raise type(error)(error.message, where=f"{where} {error.where}".rstrip(), remedy=error.remedy) from None
    if done.values.type != kind:
        raise ConfigurationError(
            f"its converter gives {done.values.type}, the field is {kind}",
            where=f"{where}.as",
            remedy="use a converter of the field's kind; `guiji convert --help` lists them",
        )
    if done.values.null_count:
        raise ConfigurationError(
            "the converter cannot read the constant", where=f"{where}.constant", remedy="write it as the standard does"
        )


def _revoke(spec: Any, where: str) -> tuple[tuple[str, frozenset[str]], ...]:
    rules = [] if spec is None else spec if isinstance(spec, list) else [spec]
    for rule in rules:
        if not isinstance(rule, dict) or set(rule) != {"field", "values"}:
            raise ConfigurationError("is not {field: …, values: […]}", where=where, remedy="see adding-a-department")
    return tuple((tidy_header(r["field"]), frozenset(str(v) for v in r["values"])) for r in rules)
