"""Standard → receiver's form: the profile is an allow-list, and a column it does not name cannot leave.

Forms: text; date (with `format`, default YYYY-MM-DD); yuan and wan_yuan (元, 万元: exact decimals, six places in 万元);
words (a table of our words → the receiver's); list (`fields` of its entries, each as here). `fields: canonical` sends
the standard's own form.

One profile serves all versions of the standard: `from` may be a field's name in any of them (see across_versions).
`computed: publicity_until` fills a 公示截止期 that the department left empty from the rules by date; `accept: partial`
also from rules that were seen only in part. Rules marked no never compute anything.
"""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import ConfigurationError
from schemas.findings import Flag
from schemas.standard import RecordType
from transforms.across_versions import Origin, Origins
from transforms.identity import as_text
from transforms.law.publicity import stated_until
from transforms.lists import elements, parents, put_back

FORMS = ("text", "date", "yuan", "wan_yuan", "words", "list")
KEYS = {"from", "as", "format", "words", "constant", "computed", "accept", "fields"}
COMPUTED = "publicity_until"
COMPUTED_FROM = ("decision_date", "publicity_class", "penalty_kinds")


@dataclass(frozen=True)
class Profile:
    """A receiver's table for one record type. `version` names the profile and the digest of its text.

    `origins`: for each field of ours that it names, or needs to compute one, where the values come from. `lists`: the
    receiver's own table for the entries of each column that is a list.
    """

    name: str
    version: str
    fields: tuple[tuple[str, Mapping[str, Any]], ...]
    origins: Mapping[str, Origin]
    lists: Mapping[str, "Profile"] = field(default_factory=dict)


@dataclass(frozen=True)
class Outgoing:
    """`table`: text columns, and lists of groups of texts, under the receiver's names, in the profile's order.

    `flags`: rows that cannot be said.
    """

    table: pa.Table
    flags: list[Flag]


def compile_profile(profile: Mapping[str, Any], record_type: RecordType, where: str) -> Profile:
    """Raises ConfigurationError naming file, key and remedy."""
    for key in ("profile", "version", "fields"):
        if key not in profile:
            raise ConfigurationError(f"{key} is missing", where=where, remedy=f"write `{key}: …`")
    fields = profile["fields"]
    if fields == "canonical":
        lists = {name: {"from": name, "as": "list", "fields": "canonical"} for name in record_type.lists}
        fields = {name: {"from": name, "as": "text"} for name in record_type.names} | lists
    if not isinstance(fields, dict):
        raise ConfigurationError("is no table of fields", where=f"{where}: fields", remedy="name fields, or canonical")
    known = Origins(record_type)
    origins: dict[str, Origin] = {}
    entries: dict[str, Profile] = {}
    for name, spec in fields.items():
        origins |= _check_field(spec, known, f"{where}: fields.{name}")
        if (items := record_type.lists.get(str(spec.get("from")))) is not None:
            inner = {"profile": name, "version": "", "fields": spec["fields"]}
            entries[name] = compile_profile(inner, items, f"{where}: fields.{name}")
    said = json.dumps([fields, [one.version for one in entries.values()]] if entries else fields, ensure_ascii=False,
                      sort_keys=True)  # fmt: skip
    digest = sha256(said.encode()).hexdigest()
    name = str(profile["profile"])
    return Profile(name, f"{name}@{profile['version']}+{digest[:12]}", tuple(fields.items()), origins, entries)


def _check_field(spec: Any, known: Origins, where: str) -> dict[str, Origin]:
    if not isinstance(spec, dict) or ("from" in spec) == ("constant" in spec) or set(spec) - KEYS:
        raise ConfigurationError("is not {from: field, as: form}", where=where, remedy="see adding-a-receiver")
    if where.rsplit(".", 1)[-1].startswith("cd_"):
        raise ConfigurationError("cd_ is the envelope's", where=where, remedy="give the column another name")
    if "constant" in spec:
        return {}
    found = {str(spec["from"]): known.of(str(spec["from"]), where)}
    form, kind = spec.get("as", "text"), found[str(spec["from"])].field.kind
    fits = {"date": ("date",), "yuan": ("money",), "wan_yuan": ("money",), "words": ("text", "code", "boolean")}
    fits["list"] = ("list",)
    if form not in FORMS or kind not in fits.get(form, (kind,)) or (kind == "list") != (form == "list"):
        raise ConfigurationError(f"a {kind} cannot be sent as {form}", where=where, remedy=f"forms: {', '.join(FORMS)}")
    if form == "words" and not isinstance(spec.get("words"), dict):
        raise ConfigurationError("has no words", where=f"{where}.words", remedy="write `words: {ours: theirs}`")
    if (form == "list") != ("fields" in spec):
        raise ConfigurationError(
            "fields and list belong together", where=f"{where}.fields", remedy="write `as: list, fields: {…}`"
        )
    return found | _check_computed(spec, kind, known, where)


def _check_computed(spec: Mapping[str, Any], kind: str, known: Origins, where: str) -> dict[str, Origin]:
    """The origins that a computed column needs besides its own."""
    if spec.get("computed", COMPUTED) != COMPUTED or spec.get("accept", "partial") != "partial":
        key = "accept" if spec.get("computed", COMPUTED) == COMPUTED else "computed"
        word = "partial" if key == "accept" else COMPUTED
        raise ConfigurationError("is not known", where=f"{where}.{key}", remedy=f"write {key}: {word}, or leave it out")
    if "computed" not in spec:
        if "accept" in spec:
            raise ConfigurationError("nothing is computed", where=f"{where}.accept", remedy="take it out")
        return {}
    if kind != "date" or not all(name in known.every for name in COMPUTED_FROM):
        raise ConfigurationError(
            f"{COMPUTED} cannot be computed", where=f"{where}.computed", remedy="only for a date of a penalty"
        )
    return {name: known.of(name, where) for name in COMPUTED_FROM}


def to_receiver(table: pa.Table, profile: Profile) -> Outgoing:
    """Canonical typed columns → text columns of the receiver. Raises StandardError for a column that is missing."""
    columns, flags = {}, []
    for name, spec in profile.fields:
        if "constant" in spec:
            columns[name] = pa.array([str(spec["constant"])] * table.num_rows, pa.string())
            continue
        column = profile.origins[str(spec["from"])].of(table)
        if name in profile.lists:
            columns[name], found = _list(column, profile.lists[name], str(spec["from"]))
            flags += found
            continue
        if "computed" in spec:
            column = _computed(column, table, profile, spec)
        values, bad = _FORMS[spec.get("as", "text")](column, spec)
        columns[name] = values
        if bad.size:
            flags.append(Flag("OUTGOING_INEXPRESSIBLE", spec["from"], bad))
    return Outgoing(pa.table(columns), flags)


def _list(column: pa.Array, profile: Profile, name: str) -> tuple[pa.Array, list[Flag]]:
    """The entries in the receiver's form; one that cannot be said is its record's."""
    said, rows = to_receiver(elements(column), profile), parents(column)
    flags = [Flag(flag.code, f"{name}[].{flag.field}", np.unique(rows[flag.rows])) for flag in said.flags]
    return put_back(said.table, column), flags


def _computed(column: pa.Array, table: pa.Table, profile: Profile, spec: Mapping[str, Any]) -> pa.Array:
    """What the department says; where it says nothing, what the rules by date say for certain."""
    days, classes, kinds = (profile.origins[name].of(table) for name in COMPUTED_FROM)
    marks = ("yes", "partial") if "accept" in spec else ("yes",)
    return pc.coalesce(column, stated_until(days, classes, kinds, marks))


NONE: Any = np.zeros(0, dtype=np.int64)


def _text(column: pa.Array, _: Mapping[str, Any]) -> tuple[pa.Array, Any]:
    return as_text(column), NONE


def _date(column: pa.Array, spec: Mapping[str, Any]) -> tuple[pa.Array, Any]:
    pattern = str(spec.get("format", "YYYY-MM-DD")).replace("YYYY", "%Y").replace("MM", "%m").replace("DD", "%d")
    distinct = column.dictionary_encode()
    words = pa.array([day.strftime(pattern) for day in distinct.dictionary.to_pylist()], pa.string())
    return pc.take(words, distinct.indices), NONE


def _yuan(column: pa.Array, _: Mapping[str, Any]) -> tuple[pa.Array, Any]:
    return as_text(column), NONE


def _wan_yuan(column: pa.Array, _: Mapping[str, Any]) -> tuple[pa.Array, Any]:
    """元 → 万元: the decimal point moves four places; what needs more than six decimals cannot be said."""
    distinct = column.dictionary_encode()
    moved = [None if amount is None else amount.scaleb(-4) for amount in distinct.dictionary.to_pylist()]
    exact = [amount is None or amount == amount.quantize(Decimal("0.000001")) for amount in moved]
    words = pa.array(
        [f"{a:.6f}" if a is not None and ok else None for a, ok in zip(moved, exact, strict=True)], pa.string()
    )
    bad = pc.fill_null(pc.take(pa.array([not ok for ok in exact], pa.bool_()), distinct.indices), False)
    return pc.take(words, distinct.indices), np.flatnonzero(bad.to_numpy(zero_copy_only=False)).astype(np.int64)


def _words(column: pa.Array, spec: Mapping[str, Any]) -> tuple[pa.Array, Any]:
    table = {str(ours): str(theirs) for ours, theirs in spec.get("words", {}).items()}
    distinct = as_text(column).dictionary_encode()
    words = pa.array([table.get(value) for value in distinct.dictionary.to_pylist()], pa.string())
    values = pc.take(words, distinct.indices)
    lost = pc.and_(pc.is_valid(column), pc.is_null(values))
    return values, np.flatnonzero(lost.to_numpy(zero_copy_only=False)).astype(np.int64)


_FORMS: dict[str, Callable[[pa.Array, Mapping[str, Any]], tuple[pa.Array, Any]]] = {
    "text": _text,
    "date": _date,
    "yuan": _yuan,
    "wan_yuan": _wan_yuan,
    "words": _words,
}


def seal_lines(data: pa.Table | None, envelope: pa.Table) -> bytes:
    """NDJSON, one object a line, flat but for lists of groups: envelope columns, then data.

    `data` None: revocations, the envelope alone.
    """
    table = envelope
    if data is not None:
        for name in data.column_names:
            table = table.append_column(name, data[name])
    frame, out = pl.from_arrow(table), io.BytesIO()
    assert isinstance(frame, pl.DataFrame)
    frame.write_ndjson(out)
    return out.getvalue()
