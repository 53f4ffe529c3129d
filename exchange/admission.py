"""Admission (准出): what of a chunk may go to one receiver, and by which rule the rest may not.

Three rules, the first that holds counts: the law keeps the record back (schemas/protected.yaml), a value cannot be said
in the receiver's form, or the receiver's own table (`receivers/<code>/<record_type>.schema.json`) does not take it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from expectations.record_rules import compile_rules
from schemas.catalog import Receiver
from schemas.findings import Flag, severity
from schemas.protected import not_permitted
from schemas.standard import RecordType
from transforms.outgoing import Profile, to_receiver
from transforms.protected import protected_rows


@dataclass(frozen=True, slots=True)
class Admission:
    """`data`: the receiver's columns of the admitted rows; `rows`: where these stand in the chunk.

    `refused`: (row, finding code, disposition, field) of each other row, by row.
    """

    data: pa.Table
    rows: "np.ndarray[Any, np.dtype[np.int64]]"
    refused: list[tuple[int, str, str, str]]


def admit(rows: pa.Table, receiver: Receiver, profile: Profile, kind: RecordType, on: date) -> Admission:
    """Judge a chunk of canonical rows. `on`: the load's business date. Raises ConfigurationError, StandardError."""
    where = f"receivers/{receiver.code}/{kind.name}"
    protected = protected_rows(rows, not_permitted(receiver.profiles[kind.name], on, f"{where}.yaml"), kind, on)
    outgoing = to_receiver(rows, profile)
    unsayable = [flag for flag in outgoing.flags if severity(flag.code) == "error"]
    refused: dict[int, tuple[int, str, str, str]] = {}
    _refuse(refused, protected, "excluded")
    _refuse(refused, [*unsayable, *_against_table(outgoing.table, receiver, kind, where)], "quarantined")
    if not refused:
        return Admission(outgoing.table, np.arange(rows.num_rows, dtype=np.int64), [])
    admitted = np.setdiff1d(np.arange(rows.num_rows, dtype=np.int64), list(refused))
    return Admission(outgoing.table.take(admitted), admitted, [refused[row] for row in sorted(refused)])


def _refuse(refused: dict[int, tuple[int, str, str, str]], flags: Iterable[Flag], disposition: str) -> None:
    for flag in flags:
        for row in flag.rows.tolist():
            refused.setdefault(row, (row, flag.code, disposition, flag.field))


def _against_table(data: pa.Table, receiver: Receiver, kind: RecordType, where: str) -> list[Flag]:
    """What the receiver would send back, found before it is sent."""
    table = receiver.tables.get(kind.name)
    if table is None:
        return []
    found = compile_rules(table, f"{where}.schema.json").check(data)
    return [Flag("OUTGOING_AGAINST_TABLE", f"{flag.field} ({flag.code})", flag.rows) for flag in found]
