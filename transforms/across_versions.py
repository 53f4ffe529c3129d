"""Canonical rows of one version read in another (跨版本读取): renamed columns, columns that are not there yet.

A load's canonical file has the columns of the version it was prepared under. What `upgrade.yaml` says of existing
records is all that may stand in for a column that is missing; a column that it does not explain is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import ConfigurationError, StandardError
from schemas.lineage import existing_values, fields_of_all_versions, steps
from schemas.nearest import nearest
from schemas.standard import Field, RecordType

REMEDY = "make the load anew: guiji replay BATCH --from prepare; or explain the field in upgrade.yaml (added)"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a field's values come from: the first of `names` that a table has, else what older records have.

    `explained`: an upgrade brought the field, so that it may be missing; `existing` is then its text, or None.
    """

    field: Field
    names: tuple[str, ...]
    explained: bool
    existing: str | None
    where: str

    def of(self, table: pa.Table) -> pa.Array:
        """The column in one piece, of the field's kind. Raises StandardError when it is missing and not explained."""
        kind = self.field.arrow_type()
        name = next((name for name in self.names if name in table.column_names), None)
        if name is None and self.explained:
            return pa.repeat(pa.scalar(self.existing, pa.string()).cast(kind), table.num_rows)
        if name is None:
            raise StandardError(f"the canonical file has no column {self.field.name}", where=self.where, remedy=REMEDY)
        column = _one(table[name])
        if column.type != kind:
            raise StandardError(
                f"column {name} of the canonical file is {column.type}, the field is {kind}",
                where=self.where,
                remedy=REMEDY,
            )
        return column


class Origins:
    """The origins of all fields, for records of the version of `kind`; worked out once, asked by any version's name."""

    def __init__(self, kind: RecordType) -> None:
        self.kind = kind
        self.every = fields_of_all_versions(kind)
        self._brought = existing_values(kind)

    def of(self, name: str, where: str) -> Origin:
        """Raises ConfigurationError for a name that no version knows, or that this version no longer has."""
        known = self.every.get(name)
        if known is None:
            raise ConfigurationError(f"{name} is not a field of the standard", where=where,
                                     remedy=nearest(name, self.kind.names))  # fmt: skip
        if known.state == "gone":
            raise ConfigurationError(f"version {self.kind.version} of the standard no longer has {name}",
                                     where=where, remedy="take the column out, or give it a constant")  # fmt: skip
        others = [other for other, seen in self.every.items() if seen.name == known.name and other != known.name]
        names = (known.name, *others)
        if known.state == "not_yet":
            return Origin(known.field, names, True, known.existing, where)
        return Origin(known.field, names, known.name in self._brought, self._brought.get(known.name), where)


def lift(table: pa.Table, written: RecordType, kind: RecordType) -> pa.Table:
    """Rows written under the version of `written`, as the version of `kind` has them; marks (`_…`) go along.

    A code that a version renamed is renamed. Raises StandardError where upgrade.yaml leaves a column unexplained.
    """
    where = f"{kind.standard}/{kind.version}/{kind.name}"
    words = renamed_codes(written, kind)
    columns, origins = {}, Origins(kind)
    for field in kind.fields:
        column = origins.of(field.name, where).of(table)
        columns[field.name] = _recoded(column, words[field.codes]) if field.codes in words else column
    marks = {name: table[name] for name in table.column_names if name.startswith("_")}
    return pa.table({**columns, **marks})


def renamed_codes(written: RecordType, kind: RecordType) -> dict[str, dict[str, str]]:
    """Code list → old word → new word, on the way up from the version of `written`."""
    found: dict[str, dict[str, str]] = {}
    for step in steps(kind.standard, written.version, kind.version):
        for codes, change in step.upgrade.code_lists.items():
            before = {old: change.names.get(new, new) for old, new in found.get(codes, {}).items()}
            found[codes] = {**change.names, **before}
    return {codes: words for codes, words in found.items() if words}


def _recoded(column: pa.Array, words: Mapping[str, str]) -> pa.Array:
    """Several words of one value are joined by ;."""
    distinct = column.dictionary_encode()
    texts = [";".join(words.get(word, word) for word in text.split(";")) for text in distinct.dictionary.to_pylist()]
    return pc.take(pa.array(texts, pa.string()), distinct.indices)


def _one(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
