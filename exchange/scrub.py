"""Scrubbing (脱敏): a receiver's words on a record, before the ledger and the report repeat them.

A receiver may quote the record it speaks of. Its answer is kept verbatim in the receipt, which is encrypted; what is
kept elsewhere has a `*` for every character of a number that may be a person's, of any value of the record's own
personal fields, and of any run of five characters that such a value has too.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from schemas.exchange import RecordVerdict
from schemas.standard import RecordType
from transforms.converters.check_digits import identity_check

LONGEST = 1000  # of a text that came with at most 2000: a value cut in two at its end is not within
RUN = 5
WIDE = {ord(wide): plain for wide, plain in zip("０１２３４５６７８９Ｘｘ－　", "0123456789Xx- ", strict=True)}
NUMBERS = re.compile(
    r"(?<![0-9])[0-9](?:[ \-]?[0-9]){10,}[Xx]?"  # identity numbers, telephones, bank cards: eleven digits and more
    r"|(?<![A-Za-z0-9])[A-Za-z]{1,2}[0-9]{7,9}(?![A-Za-z0-9])"  # passports and permits
    r"|(?<![A-Za-z0-9_.+\-])[A-Za-z0-9_.+\-]+@[A-Za-z0-9.\-]+"
    r"|(?:\\u[0-9A-Fa-f]{4}|&#x?[0-9A-Fa-f]+;|%[0-9A-Fa-f]{2})+"  # text in disguise
    r"|[A-Za-z0-9+/]{24,}={0,2}"
)


def scrubbed(text: str, values: Iterable[str] = ()) -> str:
    """The text, at most 1000 characters of it, with a `*` for each that may tell who somebody is."""
    plain = text.translate(WIDE)
    marks = bytearray(len(text))
    for first, last in _spans(plain, values):
        marks[first:last] = b"\1" * (last - first)
    return "".join("*" if marked else letter for letter, marked in zip(text, marks, strict=True))[:LONGEST]


IDENTITY = re.compile(r"[0-9]{6}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx]")


def scrubbed_number(number: str) -> str:
    """A receipt's number, of any form its receiver likes; only what passes as an identity number is masked in it."""
    return IDENTITY.sub(
        lambda found: "*" * 18 if identity_check(found[0][:17]) == found[0][17].upper() else found[0], number
    )


def _spans(text: str, values: Iterable[str]) -> Iterator[tuple[int, int]]:
    for found in NUMBERS.finditer(text):
        yield found.span()
    plain = [value.translate(WIDE) for value in values]
    for value in plain:
        if 1 < len(value) < RUN and value in text:
            yield from ((at, at + len(value)) for at in range(len(text)) if text.startswith(value, at))
    every = "\n".join(value for value in plain if len(value) >= RUN)
    yield from ((at, at + RUN) for at in range(len(text) - RUN + 1) if text[at : at + RUN] in every)


def scrub_verdicts(
    verdicts: Sequence[RecordVerdict], body: BinaryIO, public: frozenset[str]
) -> tuple[RecordVerdict, ...]:
    """The verdicts with codes and texts that may be repeated. `body`: the NDJSON they speak of, line by position.

    `public`: the columns whose values may be repeated; every other one is taken for personal.
    """
    speaking = {verdict.position for verdict in verdicts if verdict.text or verdict.code}
    if not speaking:
        return tuple(verdicts)
    values = {position: _values(line, public) for position, line in enumerate(body) if position in speaking}
    return tuple(
        v._replace(
            code=scrubbed(v.code, values.get(v.position, ()))[:60], text=scrubbed(v.text, values.get(v.position, ()))
        )
        if v.position in speaking
        else v
        for v in verdicts
    )


def _values(line: bytes, public: frozenset[str]) -> list[str]:
    leaves = _leaves(json.loads(line))
    return [str(value) for name, value in leaves if name not in public and value not in (None, "")]


def _leaves(record: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a record and of the entries of its lists, these as `list[].column`."""
    for name, value in record.items():
        if isinstance(value, list):
            for entry in value:
                yield from _leaves(entry, f"{within}{name}[].")
        else:
            yield f"{within}{name}", value


ENVELOPE = frozenset({"cd_id", "cd_operation", "cd_source", "cd_batch", "cd_revision"})


def public_columns(fields: Iterable[tuple[str, Mapping[str, Any]]], record_type: RecordType) -> frozenset[str]:
    """The receiver's columns that hold nothing of a person: by the standard's `x-personal`, or words of a code list."""
    public = set(ENVELOPE)
    for name, spec in fields:
        if items := record_type.lists.get(str(spec.get("from"))):
            inner = spec["fields"] if isinstance(spec["fields"], dict) else {one: {"from": one} for one in items.names}
            public |= {f"{name}[].{one}" for one in public_columns(inner.items(), items) - ENVELOPE}
            continue
        known = record_type.field(spec["from"]) if spec.get("from") in record_type.names else None
        if "constant" in spec or (known and (known.personal == "none" or known.kind == "code")):
            public.add(name)
    return frozenset(public)
