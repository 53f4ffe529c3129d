"""How long a decision is public (公示期): four regimes by its date, read from `publicity_period_rules.csv`.

A period counts from the decision's date (see `periods`); its last day is still public, the next is not.
A class is known by its Chinese words or its English word; words of one English class are one class in all
regimes (一般 is 一般失信行为). A class a regime does not have, and a date before the first regime, are said
in `unknown` and get no period. The mark `verified` is that of the rule's row.
"""

import re
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import StandardError
from schemas.standard import rows_of
from transforms.law.distinct import coded
from transforms.law.periods import months_after
from transforms.law.tables import table

Unknown = Literal["", "date_missing", "date_outside_table", "class_unknown"]
Phase = Literal["not_yet", "must_stay", "within", "ended", "unknown"]
LIMIT = re.compile(r"(?P<n>\d+) (?P<unit>month|year)s?(?: if published at all)?")
PUBLISH = re.compile(r"(?P<answer>yes|no)(?:, by default)?(?:; (?P<except>.+))?")
LAST_YEAR = 9990  # dates such as 9999-12-31 stand for "never"; no period runs from them
LIGHT_KINDS = frozenset({"警告", "通报批评"})
COLUMNS = {
    "publish": pa.bool_(),
    "earliest_end": pa.date32(),
    "latest_end": pa.date32(),
    "regime": pa.string(),
    "verified": pa.string(),
    "unknown": pa.string(),
}


@dataclass(frozen=True, slots=True)
class Publicity:
    """What the rules say of one decision. `publish` None: the rule leaves it to a person (see `exception`), or unknown.

    `earliest_end`: from then on credit repair (信用修复) may end it early, None where the rule names none.
    `latest_end`: the last public day. `regime`: the day its regime came into force. `exception`: the rule's own words.
    """

    publish: bool | None
    earliest_end: date | None
    latest_end: date | None
    regime: str
    verified: str
    unknown: Unknown = ""
    exception: str = ""
    phase: Phase = "unknown"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table; lengths in months."""

    first: date
    last: date
    classes: frozenset[str]
    publish: bool
    exception: str
    shortest: int | None
    longest: int
    verified: str


def rules(version: str = "") -> tuple[Rule, ...]:
    """The table of one version of the standard, or of the newest. Raises StandardError for an unreadable row."""
    return _rules(table("publicity_period_rules", version))


@cache
def _rules(path: Path) -> tuple[Rule, ...]:
    rows = rows_of(path)
    words: dict[str, set[str]] = {}
    for row in rows:
        words.setdefault(row["class_en"], {row["class_en"]}).add(row["class_zh"])
    return tuple(_rule(row, frozenset(words[row["class_en"]])) for row in rows)


def publicity(decision: date | None, class_: str | None, as_of: date, kinds: str | None = None) -> Publicity:
    """The period of a decision of `class_`, and its phase on `as_of`.

    `kinds`: the penalty kinds joined by ;, where known: the regime of 2023 says of a mere warning or public
    criticism "see text", and then `publish` is None.
    """
    found = _find(decision, class_, rules())
    if kinds and found.exception and set(kinds.split(";")) <= LIGHT_KINDS:
        found = replace(found, publish=None)
    return replace(found, phase=_phase(found, decision, as_of))


def is_public(
    decision: date | None, class_: str | None, as_of: date, *, kinds: str | None = None, chosen: bool = False
) -> bool | None:
    """Whether the public copy may hold the record on `as_of`. None: not known, so a person decides.

    False from the day after its end: the record leaves the public copy and stays in the archive. `chosen`: the
    authority published although the default is not to (轻微, from 2026).
    """
    found = publicity(decision, class_, as_of, kinds)
    if found.unknown:
        return None
    if found.phase not in {"must_stay", "within"}:
        return False
    return True if chosen else found.publish


def publicity_columns(decisions: pa.Array, classes: pa.Array, version: str = "") -> pa.Table:
    """Columns publish, earliest_end, latest_end, regime, verified, unknown; worked out once for each distinct pair."""
    days, words = coded(decisions, nulls=True), coded(classes, nulls=True)
    width = pa.scalar(max(len(words.dictionary), 1), pa.int64())
    pairs = pc.add(
        pc.multiply(days.indices.cast(pa.int64()), width), words.indices.cast(pa.int64())
    ).dictionary_encode()
    day, word = days.dictionary.to_pylist(), words.dictionary.to_pylist()
    size, known = width.as_py(), rules(version)
    found = [_find(day[pair // size], word[pair % size], known) for pair in pairs.dictionary.to_pylist()]
    columns = pa.table({name: pa.array([getattr(f, name) for f in found], kind) for name, kind in COLUMNS.items()})
    return columns.take(pairs.indices)


def publicity_until(decisions: pa.Array, classes: pa.Array) -> pa.Array:
    """The latest end (公示截止期), date32. Null where the rules say none: `publicity_columns` says why."""
    return publicity_columns(decisions, classes)["latest_end"].combine_chunks()


def stated_until(
    decisions: pa.Array, classes: pa.Array, kinds: pa.Array, marks: tuple[str, ...] = ("yes",)
) -> pa.Array:
    """`publicity_until` where it may be stated without asking a person, date32, null elsewhere.

    Not for what is not published by default (轻微), nor by a rule whose mark is not among `marks`, nor for a decision
    of nothing but 警告 or 通报批评 (or of unknown `kinds`) where the regime leaves those to its text.
    """
    found = publicity_columns(decisions, classes)
    left = pa.array({rule.first.isoformat() for rule in rules() if rule.exception}, pa.string())
    light = pc.fill_null(_light(kinds), True)
    asked = pc.and_(pc.is_in(found["regime"], left), light)
    sure = pc.and_(pc.fill_null(found["publish"], False), pc.is_in(found["verified"], pa.array(marks, pa.string())))
    return pc.if_else(pc.and_not(sure, asked), found["latest_end"], pa.scalar(None, pa.date32())).combine_chunks()


def _light(kinds: pa.Array) -> pa.Array:
    """Whether all kinds of a decision are 警告 or 通报批评; null where none is written."""
    distinct = coded(kinds)
    light = [set(text.split(";")) <= LIGHT_KINDS for text in distinct.dictionary.to_pylist()]
    return pc.take(pa.array(light, pa.bool_()), distinct.indices)


def public_mask(decisions: pa.Array, classes: pa.Array, as_of: date) -> pa.Array:
    """`is_public` of two columns: true, false, or null where a person decides."""
    found = publicity_columns(decisions, classes)
    today = pa.scalar(as_of, pa.date32())
    within = pc.and_(pc.less_equal(decisions, today), pc.greater_equal(found["latest_end"], today))
    return pc.and_(within, found["publish"]).combine_chunks()


def _rule(row: dict[str, str], classes: frozenset[str]) -> Rule:
    publish = PUBLISH.fullmatch(row["publish"])
    longest = _months(row["max_publicity"])
    if publish is None or longest is None:
        raise _unreadable(row["publish"] if publish is None else row["max_publicity"])
    return Rule(
        first=date.fromisoformat(row["from"]),
        last=date.fromisoformat(row["to"]) if row["to"] else date.max,
        classes=classes,
        publish=publish["answer"] == "yes",
        exception=publish["except"] or "",
        shortest=_months(row["min_publicity"]),
        longest=longest,
        verified=row["verified"],
    )


def _months(text: str) -> int | None:
    if not text:
        return None
    limit = LIMIT.fullmatch(text)
    if limit is None:
        raise _unreadable(text)
    return int(limit["n"]) * (12 if limit["unit"] == "year" else 1)


def _unreadable(text: str) -> StandardError:
    return StandardError(
        f"the rule {text!r} cannot be read",
        where="publicity_period_rules.csv",
        remedy="write a length as '3 months' or '1 year', publish as 'yes' or 'no, by default'",
    )


def _find(decision: date | None, class_: str | None, known: tuple[Rule, ...]) -> Publicity:
    if decision is None:
        return _nothing("date_missing")
    in_force = [rule for rule in known if rule.first <= decision <= rule.last and decision.year < LAST_YEAR]
    if not in_force:
        return _nothing("date_outside_table")
    rule = next((rule for rule in in_force if class_ in rule.classes), None)
    if rule is None:
        return replace(_nothing("class_unknown"), regime=in_force[0].first.isoformat())
    return Publicity(
        publish=rule.publish,
        earliest_end=None if rule.shortest is None else months_after(decision, rule.shortest),
        latest_end=months_after(decision, rule.longest),
        regime=rule.first.isoformat(),
        verified=rule.verified,
        exception=rule.exception,
    )


def _nothing(why: Unknown) -> Publicity:
    return Publicity(None, None, None, "", "", why)


def _phase(found: Publicity, decision: date | None, as_of: date) -> Phase:
    if decision is None or found.latest_end is None:
        return "unknown"
    if as_of < decision:
        return "not_yet"
    if as_of > found.latest_end:
        return "ended"
    return "must_stay" if found.earliest_end and as_of <= found.earliest_end else "within"
