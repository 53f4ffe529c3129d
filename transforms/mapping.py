"""A department's mapping, compiled: every name in it is checked before the first record is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.errors import ConfigurationError, UnknownConverter
from schemas.nearest import nearest
from schemas.standard import RecordType
from transforms.converters.contract import Converter
from transforms.decode import tidy_header

KEYS = {
    "standard", "record_type", "schedule", "source", "format", "revoke", "updated", "fields", "ignore", "null_words",
    "gate", "receivers", "repeated_key",
}  # fmt: skip
FIELD_KEYS = {"from", "as", "constant", "join", "null_words"}


@dataclass(frozen=True)
class FieldPlan:
    """One canonical field: where it comes from and how it is converted."""

    name: str
    columns: tuple[str, ...]
    converter: Converter
    constant: str | None
    join: str
    params: Mapping[str, str]
    null_words: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A whole mapping, ready to run over tables of text columns."""

    record_type: RecordType
    fields: tuple[FieldPlan, ...]
    ignored: frozenset[str]
    revoke: tuple[tuple[str, frozenset[str]], ...]
    also_read: frozenset[str]
    where: str

    @property
    def reads(self) -> frozenset[str]:
        """Source columns that must be there."""
        return frozenset(c for f in self.fields for c in f.columns) | {column for column, _ in self.revoke}


def compile_mapping(
    mapping: Mapping[str, Any], record_type: RecordType, where: str, converters: Callable[[str], Converter]
) -> Plan:
    """Raises ConfigurationError or UnknownConverter naming file, key and remedy."""
    _known_keys(mapping, KEYS, where)
    if mapping.get("repeated_key", "hold") not in ("hold", "last"):
        raise ConfigurationError("is not hold or last", where=f"{where}: repeated_key", remedy="write hold or last")
    words = tuple(str(word) for word in mapping.get("null_words", ()))
    fields = tuple(
        _field(name, spec, record_type, words, f"{where}: fields.{name}", converters)
        for name, spec in mapping["fields"].items()
    )
    unmapped = [f.name for f in record_type.fields if f.required and f.name not in mapping["fields"]]
    if unmapped:
        raise ConfigurationError(
            f"required fields are not mapped: {', '.join(unmapped)}",
            where=f"{where}: fields",
            remedy="map each from a column, or give it a constant",
        )
    source = mapping.get("source", {})
    extra = {source.get("key"), source.get("cursor"), mapping.get("updated")} - {None}
    return Plan(
        record_type,
        fields,
        frozenset(tidy_header(name) for name in mapping.get("ignore", {})),
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
    if not isinstance(spec, dict) or ("from" in spec) == ("constant" in spec):
        raise ConfigurationError(
            "says neither, or both, of from and constant", where=where, remedy="write {from: column, as: converter}"
        )
    if "constant" in spec:
        _known_keys(spec, {"constant", "as"}, where)
    columns = spec.get("from", [])
    converter_name = str(spec.get("as", "text"))
    try:
        converter = converters(converter_name)
    except UnknownConverter as error:
        raise UnknownConverter(f"there is no converter {converter_name}", where=where, remedy=error.remedy) from None
    params = {k: str(v) for k, v in spec.items() if k not in FIELD_KEYS}
    return FieldPlan(
        name,
        tuple(tidy_header(c) for c in ([columns] if isinstance(columns, str) else columns)),
        converter,
        str(spec["constant"]) if "constant" in spec else None,
        str(spec.get("join", "；")),
        params,
        tuple(str(w) for w in spec["null_words"]) if "null_words" in spec else words,
    )


def _revoke(spec: Any, where: str) -> tuple[tuple[str, frozenset[str]], ...]:
    rules = [] if spec is None else spec if isinstance(spec, list) else [spec]
    for rule in rules:
        if not isinstance(rule, dict) or set(rule) != {"field", "values"}:
            raise ConfigurationError("is not {field: …, values: […]}", where=where, remedy="see adding-a-department")
    return tuple((tidy_header(r["field"]), frozenset(str(v) for v in r["values"])) for r in rules)


def _known_keys(data: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in data:
        if key not in known:
            raise ConfigurationError(f"{key} is not a key here", where=where, remedy=nearest(str(key), sorted(known)))
