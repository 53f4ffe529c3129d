"""Which rows the law keeps back: a person under an age, words that name a sealed kind of case; in whole columns."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.findings import Flag
from schemas.protected import Protection
from schemas.standard import RecordType
from transforms.lists import elements, parents

BIRTH = r"^[0-9]{6}(?P<birth>(?:19|20)[0-9]{6})[0-9]{3}[0-9Xx]$"
OLD_BIRTH = r"^[0-9]{6}(?P<birth>[0-9]{6})[0-9]{3}$"


def protected_rows(rows: pa.Table, rules: Iterable[Protection], kind: RecordType, on: date) -> list[Flag]:
    """Rows of a record type that fall under a rule, each under the first that holds. `on`: the business date.

    What stands in a list of a record counts as its own: one party under an age keeps the whole case back.

    Dates are compared as whole numbers, 2026-03-02 as 20260302. An age is that on the record's own date when it has one
    before `on`; on a birthday the year is not yet full.
    """
    flags, free = [], np.ones(rows.num_rows, dtype=bool)
    then, lists = _own_dates(rows, kind.date_field, on), _lists(rows)
    for rule in (rule for rule in rules if kind.name not in rule.not_of):
        hits = [*_young(rows, rule, then), *_worded(rows, rule)]
        for name, parts, owners in lists:
            within = (*_young(parts, rule, then[owners]), *_worded(parts, rule))
            hits += [(f"{name}[].{field}", _owned(owners, hit, rows.num_rows)) for field, hit in within]
        for field, hit in hits:
            found = np.flatnonzero(hit & free)
            if found.size:
                flags.append(Flag(rule.code, field, found.astype(np.int64)))
                free[found] = False
    return flags


def _lists(rows: pa.Table) -> list[tuple[str, pa.Table, Any]]:
    """Each list's name, its entries one a row, and the row that each stands in."""
    lists = {field.name: rows[field.name] for field in rows.schema if pa.types.is_list(field.type)}
    whole = {name: pa.concat_arrays(column.chunks) for name, column in lists.items() if column.num_chunks}
    return [(name, elements(column), parents(column)) for name, column in whole.items()]


def _owned(owners: Any, hit: Any, rows: int) -> Any:
    mask = np.zeros(rows, dtype=bool)
    mask[owners[hit]] = True
    return mask


def _own_dates(rows: pa.Table, date_field: str, on: date) -> Any:
    today = np.int64(on.year * 10_000 + on.month * 100 + on.day)
    then = _days(rows[date_field]) if date_field in rows.column_names else np.zeros(rows.num_rows, dtype=np.int64)
    return np.where((then > 0) & (then < today), then, today)


def _young(rows: pa.Table, rule: Protection, then: Any) -> list[tuple[str, Any]]:
    if not rule.under_years:
        return []
    births = [(name, _births(rows[name])) for name in _there(rows, rule.id_numbers)]
    births += [(name, _days(rows[name])) for name in _there(rows, rule.birth_dates)]
    return [(name, (birth > 0) & (birth + rule.under_years * 10_000 >= then)) for name, birth in births]


def _births(numbers: pa.ChunkedArray) -> Any:
    """The dates of birth in resident identity numbers of 18 digits, or of 15 (born 19..)."""
    new = pc.struct_field(pc.extract_regex(numbers, BIRTH), "birth")
    old = pc.struct_field(pc.extract_regex(numbers, OLD_BIRTH), "birth")
    return _filled(pc.coalesce(new, pc.binary_join_element_wise("19", old, "")))


def _days(column: pa.ChunkedArray) -> Any:
    year, month, day = pc.multiply(pc.year(column), 10_000), pc.multiply(pc.month(column), 100), pc.day(column)
    return _filled(pc.add(pc.add(year, month), day))


def _filled(texts: pa.ChunkedArray) -> Any:
    return pc.fill_null(texts.cast(pa.int64()), 0).to_numpy()


def _worded(rows: pa.Table, rule: Protection) -> list[tuple[str, Any]]:
    if not rule.words:
        return []
    pattern = "|".join(rule.words)
    return [
        (name, pc.fill_null(pc.match_substring_regex(rows[name], pattern), False).to_numpy())
        for name in _there(rows, rule.texts)
    ]


def _there(rows: pa.Table, names: Sequence[str]) -> list[str]:
    return [name for name in names if name in rows.column_names]
