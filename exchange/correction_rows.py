"""Which item each row of a return file that came back answers; what does not fit is said row by row."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from hmac import compare_digest
from typing import Any

import pyarrow as pa

from exchange.ledger.corrections import GIVEN
from exchange.return_items import Item, Raw, item, mark
from exchange.returns import CHECK, HEADER_ROW, TICKET, raw_of, text_of
from exchange.site import Site
from schemas.catalog import Feed
from schemas.errors import SourceChanged
from schemas.standard import RecordType, in_force
from transforms.converters.registry import get
from transforms.decoders.header import plain_name
from transforms.identity import business_keys
from transforms.mapping import compile_mapping
from transforms.normalize import normalize

SAID = {
    "corrected": ("已补正，新版本待报送", "corrected; the new version waits to be sent"),
    "same": ("规范化后与被退回的内容相同，未产生新版本", "says the same as what was sent back; no new version"),
    "held": ("仍有问题，继续扣留", "still wrong, stays held"),
    "late": ("其间已办结，或记录已被撤销，未采用", "settled or revoked meanwhile; not taken"),
    "landed": ("已落地，待处理", "landed, waits for its turn"),
    "untouched": ("未改动，未采用", "nothing was changed; not taken"),
    "unknown": ("查无此单号", "there is no such ticket"),
    "settled": ("此单已办结，未采用", "this ticket is settled already; not taken"),
    "tampered": ("单号或校验码与本系统不符（可能被改动或错行），未采用", "ticket and check code do not fit; not taken"),
    "row_key": ("来源行主键被改动，未采用", "the source's own row key was changed; not taken"),
    "key": ("文号等业务主键被改动，而问题不在主键，未采用", "the business key was changed without need; not taken"),
    "doubled": ("同一单号有多行，均未采用，请只留一行", "several rows for one ticket, none is taken; leave one"),
    "other_feed": ("属于另一数据源，请分开交回", "belongs to another feed; give it back in a file of its own"),
    "destroyed": ("原始数据已被销毁，无法补正", "its raw row was destroyed; it cannot be corrected here"),
    "unreadable": ("此行格单元多于表头，无法读取", "more cells than the header; cannot be read"),
}  # fmt: skip
KEY_CODES = ("KEY_MISSING", "KEY_CONFLICT")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one row. `row`: as Excel numbers it; `outcome`: a name of SAID."""

    row: int
    subject: str
    outcome: str
    zh: str
    en: str


@dataclass(frozen=True)
class Match:
    """`rows`: raw rows to land, beside what they answer (`_…`); `passed`: (Excel row, subject) of each."""

    feed: str
    rows: pa.Table
    passed: tuple[tuple[int, str], ...]
    refused: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    subject: str
    cells: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class _Given:
    row: _Row
    one: Item
    values: dict[str, str | None]


def match_rows(site: Site, table: pa.Table, on: date) -> Match:
    """`table`: the sheet as text; `on`: the day whose standard reads the business keys. Raises SourceChanged."""
    for name in (TICKET, CHECK):
        if name not in table.column_names:
            raise SourceChanged(f"has no column {name}", where="return file", remedy="give the file as it was returned")
    answers, known = list[Answer](), list[tuple[_Row, Item]]()
    for row, found in _found(site, _rows(table)):
        if isinstance(found, Item):
            known.append((row, found))
        else:
            answers.append(_say(row, found))
    feed = known[0][1].feed if known else next((f for answer in answers if (f := _feed_of(site, answer))), "")
    raws = raw_of(site, [one for _, one in known if one.feed == feed])
    given = list[_Given]()
    for row, one in known:
        verdict = _judge(site, row, one, feed, raws)
        if isinstance(verdict, str):
            answers.append(_say(row, verdict))
        else:
            given.append(_Given(row, one, verdict))
    if not given:
        return Match(feed, pa.table({}), (), tuple(answers))
    rows, stays = _landed(site.catalog.feed(feed), given, raws, on)
    answers += [_say(g.row, "key") for g, ok in zip(given, stays, strict=True) if not ok]
    passed = tuple((g.row.number, g.row.subject) for g, ok in zip(given, stays, strict=True) if ok)
    return Match(feed, rows.filter(pa.array(stays)), passed, tuple(answers))


def _feed_of(site: Site, answer: Answer) -> str:
    found = item(site, answer.subject)
    return found.feed if found else ""


def _say(row: _Row, outcome: str) -> Answer:
    return Answer(row.number, row.subject, outcome, *SAID[outcome])


def _rows(table: pa.Table) -> list[_Row]:
    """Rows that say anything; one of another form than the header comes with no cells."""
    rows = []
    for number, cells in enumerate(table.to_pylist(), HEADER_ROW + 1):
        ragged = cells.pop("_ragged", None)
        cells.pop("_row", None)
        if ragged or any(cells.values()):
            rows.append(_Row(number, (cells.get(TICKET) or "").strip().upper(), {} if ragged else cells))
    return rows


def _found(site: Site, rows: list[_Row]) -> Iterator[tuple[_Row, Item | str]]:
    """The item of each row, or why there is none."""
    found = [item(site, row.subject) if row.cells else None for row in rows]
    times = Counter(one.subject for one in found if one)
    for row, one in zip(rows, found, strict=True):
        if not row.cells:
            yield row, "unreadable"
        elif one is None:
            yield row, "unknown"
        elif not compare_digest((row.cells[CHECK] or "").strip().encode(), mark(site, one).encode()):
            yield row, "tampered"
        elif one.settled:
            yield row, "settled"
        elif times[one.subject] > 1:
            yield row, "doubled"
        else:
            yield row, one


def _judge(site: Site, row: _Row, one: Item, feed: str, raws: dict[str, Raw]) -> str | dict[str, str | None]:
    """The raw row with the cells that were changed, or why it cannot be taken."""
    if one.feed != feed:
        return "other_feed"
    if one.subject not in raws:
        return "destroyed"
    old = raws[one.subject].values
    new = {name: _cell(row.cells, name, value) for name, value in old.items()}
    if new == old:
        return "untouched"
    key = plain_name(site.catalog.feed(feed).mapping["source"].get("key", ""))
    return "row_key" if old.get(key) and new[key] != old[key] else new


def _cell(cells: dict[str, str | None], name: str, old: str | None) -> str | None:
    """A cell that shows what it showed keeps its raw value, down to the last byte."""
    if name not in cells or text_of(cells[name]) == text_of(old):
        return old
    return text_of(cells[name]) or None


def _landed(feed: Feed, given: list[_Given], raws: dict[str, Raw], on: date) -> tuple[pa.Table, list[bool]]:
    """The rows as text, and whether each may go on: its business key stayed as it was, or was itself at fault.

    What each row answers goes along (`_…`), so that a run after a crash needs nothing else.
    """
    kind = in_force(feed.mapping["standard"], on).record_types[feed.record_type]
    plan = compile_mapping(feed.mapping, kind, feed.where, get)
    names = dict.fromkeys([*(name for g in given for name in g.values), *sorted(plan.reads)])
    table = pa.table({name: pa.array([g.values.get(name) for g in given], pa.string()) for name in names})
    keys = business_keys(normalize(table, plan).table, kind).to_pylist()
    stays = [key is None or key == g.one.key or _key_at_fault(g.one, kind) for g, key in zip(given, keys, strict=True)]
    answered = zip(*(_answered(g.one, raws[g.one.subject]) for g in given), strict=True)
    for name, values in zip(GIVEN[1:], answered, strict=True):
        table = table.append_column(f"_{name}", pa.array([None if v is None else str(v) for v in values], pa.string()))
    return table, stays


def _key_at_fault(one: Item, kind: RecordType) -> bool:
    return one.key is None or any(code in KEY_CODES or field in kind.key for code, field in one.codes)


def _answered(one: Item, raw: Raw) -> tuple[Any, ...]:
    """GIVEN after the ordinal. The old row of a ticket is known by the ticket's own digest."""
    return one.subject, one.ticket, one.version, one.digest if one.ticket else raw.digest, one.digest, one.key
