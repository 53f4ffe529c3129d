"""A version as a change of the one before it (版本差异): `upgrade.yaml` read, checked, and applied to its schemas.

The same file makes the new version and tells what it means for records of the old one, so the two cannot disagree:

    record_types:
      penalty:
        renamed: {old_name: {to: new_name, zh: …, en: …}}
        added:   {name: {schema: {…}, after: field, required: false, existing: null, zh: …, en: …}}
        removed: {name: {zh: …, en: …}}
        changed: {name: {schema: {…}, required: true, zh: …, en: …}}
        rules:   [schemas added to allOf]
    code_lists:
      penalty_kind: {added: {word: {zh: …, en: …}}, removed: {…}, renamed: {old: {to: new, zh: …, en: …}}}

    facts:        [{zh: …, en: …, source: …, verified: yes | partial | no}]

`zh` and `en` say what the change means for existing records; they must be there. `facts` say what the version rests on,
each with where it was seen and the mark of how sure that is. Standard library only.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from schemas.errors import StandardError
from schemas.nearest import nearest

Words = Mapping[str, Any]
LISTS = ("allOf", "anyOf", "oneOf")
NESTED = ("not", "if", "then", "else")
TYPE_KEYS = {
    "renamed": {"to", "zh", "en"},
    "added": {"schema", "after", "required", "existing", "zh", "en"},
    "removed": {"zh", "en"},
    "changed": {"schema", "required", "zh", "en"},
}
FACT_KEYS = {"zh", "en", "source", "verified"}
MARKS = ("yes", "partial", "no")
CODE_KEYS = {"renamed": {"to", "zh", "en"}, "added": {"zh", "en"}, "removed": {"zh", "en"}}


@dataclass(frozen=True)
class Change:
    """What becomes of one record type, or of one code list. Each value holds the words of one entry."""

    renamed: Mapping[str, Words] = field(default_factory=dict)
    added: Mapping[str, Words] = field(default_factory=dict)
    removed: Mapping[str, Words] = field(default_factory=dict)
    changed: Mapping[str, Words] = field(default_factory=dict)
    rules: tuple[Any, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        """Old name → new name."""
        return {old: str(words["to"]) for old, words in self.renamed.items()}


@dataclass(frozen=True)
class Upgrade:
    """From one version to the next."""

    record_types: Mapping[str, Change]
    code_lists: Mapping[str, Change]
    facts: tuple[Mapping[str, str], ...] = ()


NO_CHANGE, NO_UPGRADE = Change(), Upgrade({}, {})


def parse(data: Any, where: str) -> Upgrade:
    """`upgrade.yaml` as read. Raises StandardError naming `where` and the key."""
    data = _table(data or {}, where)
    _known(data, {"record_types", "code_lists", "facts"}, where)
    types = {
        name: _change(spec, TYPE_KEYS, f"{where}: record_types.{name}")
        for name, spec in _table(data.get("record_types", {}), f"{where}: record_types").items()
    }
    lists = {
        name: _change(spec, CODE_KEYS, f"{where}: code_lists.{name}")
        for name, spec in _table(data.get("code_lists", {}), f"{where}: code_lists").items()
    }
    return Upgrade(types, lists, tuple(_fact(item, f"{where}: facts") for item in data.get("facts", [])))


def _fact(item: Any, where: str) -> dict[str, str]:
    fact = {key: "" if value is None else str(value) for key, value in _table(item, where).items()}
    if set(fact) != FACT_KEYS or not all(fact.values()):
        raise StandardError("a fact lacks a word", where=where, remedy=f"give {', '.join(sorted(FACT_KEYS))}")
    if fact["verified"] not in MARKS:
        raise StandardError(
            f"{fact['verified']} is no mark", where=where, remedy='write "yes", "partial" or "no", in quotes'
        )
    return fact


def _change(spec: Any, keys: dict[str, set[str]], where: str) -> Change:
    spec = _table(spec, where)
    _known(spec, {*keys, "rules"} if keys is TYPE_KEYS else set(keys), where)
    parts = {key: _entries(spec.get(key, {}), keys[key], f"{where}.{key}") for key in keys}
    return Change(**parts, rules=tuple(spec.get("rules", ())))


def _entries(spec: Any, keys: set[str], where: str) -> dict[str, Words]:
    entries: dict[str, Words] = {
        str(name): _table(words, f"{where}.{name}") for name, words in _table(spec, where).items()
    }
    for name, words in entries.items():
        _known(words, keys, f"{where}.{name}")
        for key in ("zh", "en", *({"to"} & keys)):
            if not words.get(key):
                raise StandardError(
                    f"{key} is missing", where=f"{where}.{name}", remedy="say what it means for existing records"
                )
    return entries


def apply(change: Change, schema: dict[str, Any], where: str) -> dict[str, Any]:
    """The new version's schema of one record type. Raises StandardError for a name that is not there, or is taken."""
    new = rename(deepcopy(schema), change.names, where)
    for name in change.removed:
        _remove(new, name, f"{where}.removed.{name}")
    for name, words in change.changed.items():
        spec = _there(new["properties"], name, f"{where}.changed.{name}")
        spec.update(words.get("schema", {}))
        _require(new, name, words.get("required"))
    for name, words in change.added.items():
        _add(new, name, words, f"{where}.added.{name}")
    if change.rules:
        new["allOf"] = [*new.get("allOf", []), *change.rules]
    return new


def explained(change: Change, old: dict[str, Any], new: dict[str, Any], where: str) -> None:
    """Raises StandardError when a schema given whole has or lacks a field of which `upgrade.yaml` says nothing."""
    expected = {change.names.get(name, name) for name in old["properties"]} - set(change.removed) | set(change.added)
    for name in sorted(expected ^ set(new["properties"])):
        raise StandardError(
            f"{name} is not explained", where=where, remedy="name it under renamed, added or removed, as it is"
        )


def rename(schema: dict[str, Any], names: Mapping[str, str], where: str) -> dict[str, Any]:
    """The same schema under new names, in keys, rules and lists alike."""
    for old, new in names.items():
        _there(schema["properties"], old, f"{where}.renamed.{old}")
        if new in schema["properties"]:
            raise StandardError(f"{new} is there already", where=f"{where}.renamed.{old}", remedy="use a free name")
    for key in ("x-key", "x-date"):
        value = schema[key]
        schema[key] = [names.get(n, n) for n in value] if isinstance(value, list) else names.get(value, value)
    renamed: dict[str, Any] = _spoken(schema, names)
    return renamed


def _spoken(schema: Any, names: Mapping[str, str]) -> Any:
    """Property names replaced wherever a schema of a record may name them."""
    if not isinstance(schema, dict) or not names:
        return schema
    new = dict(schema)
    if "properties" in new:
        new["properties"] = {names.get(name, name): spec for name, spec in new["properties"].items()}
    if "required" in new:
        new["required"] = [names.get(name, name) for name in new["required"]]
    if "dependentRequired" in new:
        pairs = new["dependentRequired"].items()
        new["dependentRequired"] = {names.get(a, a): [names.get(b, b) for b in others] for a, others in pairs}
    new |= {key: [_spoken(inner, names) for inner in new[key]] for key in LISTS if key in new}
    return new | {key: _spoken(new[key], names) for key in NESTED if key in new}


def rename_links(schema: dict[str, Any], upgrade: Upgrade) -> None:
    """Fields that point to a renamed field of another record type go with it."""
    for spec in schema["properties"].values():
        link = spec.get("x-link")
        if link and link["type"] in upgrade.record_types:
            names = upgrade.record_types[link["type"]].names
            spec["x-link"] = {**link, "field": names.get(link["field"], link["field"])}


def _remove(schema: dict[str, Any], name: str, where: str) -> None:
    _there(schema["properties"], name, where)
    if name in _named(schema):
        raise StandardError(
            f"a rule still names {name}", where=where, remedy="give the record type's whole schema in this version"
        )
    if name in schema["x-key"] or name == schema["x-date"]:
        raise StandardError(
            f"{name} is of the key, or the date", where=where, remedy="rename it, or define a new record type"
        )
    del schema["properties"][name]
    _require(schema, name, required=False)


def _named(schema: Any) -> set[str]:
    """Names that the rules inside a schema speak of; not its own list of fields."""
    if not isinstance(schema, dict):
        return set()
    dependent = schema.get("dependentRequired", {})
    names = {*dependent, *(name for others in dependent.values() for name in others)}
    for inner in [*(item for key in LISTS for item in schema.get(key, [])), *(schema.get(key) for key in NESTED)]:
        if isinstance(inner, dict):
            names |= {*inner.get("properties", {}), *inner.get("required", []), *_named(inner)}
    return names


def _add(schema: dict[str, Any], name: str, words: Words, where: str) -> None:
    if name in schema["properties"]:
        raise StandardError(f"{name} is there already", where=where, remedy="use changed")
    if not isinstance(words.get("schema"), dict):
        raise StandardError("schema is missing", where=where, remedy="write the field as in docs/standard.md")
    after = str(words.get("after") or list(schema["properties"])[-1])
    _there(schema["properties"], after, f"{where}.after")
    pairs: list[tuple[str, Any]] = []
    for known, spec in schema["properties"].items():
        pairs += [(known, spec)] + ([(name, words["schema"])] if known == after else [])
    schema["properties"] = dict(pairs)
    _require(schema, name, words.get("required"))


def _require(schema: dict[str, Any], name: str, required: bool | None) -> None:
    if required is not None:
        others = [known for known in schema.get("required", []) if known != name]
        schema["required"] = [*others, name] if required else others


def _there(properties: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    if name not in properties:
        raise StandardError(f"{name} is not a field", where=where, remedy=nearest(name, list(properties)))
    spec: dict[str, Any] = properties[name]
    return spec


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise StandardError("holds no keys", where=where, remedy="see docs/adding-a-standard-version.md")
    return value


def _known(data: Mapping[str, Any], keys: set[str], where: str) -> None:
    for key in data:
        if key not in keys:
            raise StandardError(f"{key} is not a key here", where=where, remedy=nearest(str(key), sorted(keys)))
