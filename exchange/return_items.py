"""What goes back to a department (退回项): its held rows, and its records that a receiver sent back or cannot take.

An item is called by its ticket's number, or `V` and the number of the version that was sent. Its raw values are read
back from the landing store, for nothing else holds them.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, text

from exchange.canonical import CanonicalFile, raw_digests
from exchange.ledger.loads import Loads
from exchange.prepare import part_label
from exchange.site import Site
from exchange.terms import Term, Terms
from exchange.tickets import codes_of
from transforms.decode import read_tables

SCOPE = "returns"  # the key that marks return files
HELD = """
SELECT q.id, q.state, q.load_id, q.ordinal, q.raw_digest, q.business_key, q.source_ref, q.opened_at, q.feed
FROM quarantine q WHERE (q.id = :ticket OR (:ticket = 0 AND q.feed = :feed AND q.state = 'held')) ORDER BY q.id
"""
# One line for each receiver that did not take the version.
UNTAKEN = """
SELECT v.id, v.load_id, v.ordinal, v.digest, v.business_key, c.source_ref, d.changed_at, v.feed, m.receiver, m.code,
    m.text, '' AS field, c.revision > v.revision AS settled
FROM delivery_member m JOIN delivery d ON d.id = m.delivery JOIN record_version v ON v.id = m.version
JOIN record_current c ON c.feed = v.feed AND c.business_key = v.business_key
WHERE m.outcome = 'rejected' AND v.operation = 'upsert' AND v.ordinal >= 0
AND (v.id = :version OR (:version = 0 AND v.feed = :feed AND c.revision = v.revision))
UNION ALL
SELECT v.id, v.load_id, v.ordinal, v.digest, v.business_key, c.source_ref, l.opened_at, v.feed, w.receiver, w.code,
    '', w.field, c.revision > v.revision
FROM withheld w JOIN record_version v ON v.id = w.version JOIN load l ON l.id = v.load_id
JOIN record_current c ON c.feed = v.feed AND c.business_key = v.business_key
WHERE w.disposition = 'quarantined' AND v.operation = 'upsert' AND v.ordinal >= 0
AND (v.id = :version OR (:version = 0 AND v.feed = :feed AND c.revision = v.revision))
ORDER BY 1, 9
"""


@dataclass(frozen=True, slots=True)
class Words:
    """What a receiver said of a version: its own code and scrubbed text, or our finding for its form (`field`)."""

    receiver: str
    code: str
    text: str
    field: str


@dataclass(frozen=True, slots=True)
class Item:
    """One row to give back. `digest` identifies its content; `codes`: our findings, (code, field)."""

    subject: str
    feed: str
    ticket: int | None
    version: int | None
    load_id: int
    ordinal: int
    digest: str
    key: str | None
    source_ref: str | None
    term: Term
    codes: tuple[tuple[str, str], ...]
    said: tuple[Words, ...]
    settled: bool


@dataclass(frozen=True, slots=True)
class Raw:
    """A row as the source gave it. `digest`: of these raw values."""

    values: dict[str, str | None]
    digest: str


def items(site: Site, feed: str) -> list[Item]:
    """Everything of one feed that waits for its department, tickets first."""
    with site.ledger.read() as connection:
        return [*_held(site, connection, {"ticket": 0, "feed": feed}),
                *_untaken(site, connection, {"version": 0, "feed": feed})]  # fmt: skip


def item(site: Site, subject: str) -> Item | None:
    """The item called so, settled or not; None when there never was one."""
    kind, number = ("version", subject[1:]) if subject.startswith("V") else ("ticket", subject)
    if not (number.isascii() and number.isdecimal() and 0 < int(number) < 2**53):
        return None
    names = {kind: int(number), "feed": ""}
    with site.ledger.read() as connection:
        found = (_held if kind == "ticket" else _untaken)(site, connection, names)
    return found[0] if found else None


def mark(site: Site, one: Item) -> str:
    """A keyed digest of what the item is, so that nobody can send back another item's row under its number."""
    _, key = site.vault.keys.make(SCOPE)
    words = "\0".join(("return1", one.subject, one.feed, one.digest))
    return hmac.new(key, words.encode(), sha256).hexdigest()[:20]


def raw_rows(site: Site, load_id: int, ordinals: Sequence[int]) -> dict[int, Raw]:
    """The raw rows behind rows of a load, by ordinal. Raises KeyDestroyed, FileDamaged, GuijiError: they are gone."""
    load, found = Loads(site.ledger).get(load_id), {}
    assert load.batch_id
    site.vault.keys.key(site.load_scope(load_id))  # what a person destroyed is said to be so, not to be lost
    batch, mapping = site.landing.batch(load.feed, load.batch_id), site.catalog.feed(load.feed).mapping
    for number, places in _places(site, load_id, sorted(ordinals)).items():
        part, label = batch.parts[number], part_label(load, number)
        with site.landing.open(batch, part) as stream:
            for raw in read_tables(stream, {**mapping["format"], "kind": part.format}, part.name):
                wanted = pc.is_in(raw["_row"].combine_chunks(), value_set=pa.array(sorted(places), pa.int64()))
                for row, one in _rows(raw.filter(wanted), label):
                    found[places[row]] = one
    return found


def _rows(raw: pa.Table, label: str) -> list[tuple[int, Raw]]:
    names = [name for name in raw.column_names if not name.startswith("_")]
    digests = raw_digests(raw, np.ones(raw.num_rows, dtype=bool), label).to_pylist()
    values = raw.select(names).to_pylist()  # rows, for they go into cells one by one
    return [(row, Raw(v, d)) for row, v, d in zip(raw["_row"].to_pylist(), values, digests, strict=True)]


def _places(site: Site, load_id: int, ordinals: list[int]) -> dict[int, dict[int, int]]:
    """Part → row within it → ordinal."""
    wanted, places = np.array(ordinals, dtype=np.int64), dict[int, dict[int, int]]()
    for first, rows in CanonicalFile(site, load_id).take(wanted):
        pairs = zip(rows["_part"].to_pylist(), rows["_row"].to_pylist(), strict=True)
        for place, (part, row) in enumerate(pairs, first):
            places.setdefault(part, {})[row] = ordinals[place]
    return places


def _held(site: Site, connection: Connection, names: dict[str, Any]) -> list[Item]:
    terms = Terms(site)
    return [
        Item(
            str(q.id), q.feed, q.id, None, q.load_id, q.ordinal, q.raw_digest, q.business_key, q.source_ref,
            terms.of(q.feed, q.opened_at), codes_of(connection, q.load_id, q.ordinal), (), q.state != "held",
        )
        for q in connection.execute(text(HELD), names).all()
    ]  # fmt: skip


def _untaken(site: Site, connection: Connection, names: dict[str, Any]) -> list[Item]:
    terms, grouped = Terms(site), dict[int, list[Any]]()
    for line in connection.execute(text(UNTAKEN), names):
        grouped.setdefault(line.id, []).append(line)
    return [
        Item(
            f"V{number}", v.feed, None, number, v.load_id, v.ordinal, v.digest, v.business_key, v.source_ref,
            terms.of(v.feed, v.changed_at), (), tuple(Words(w.receiver, w.code, w.text, w.field) for w in lines),
            bool(v.settled),
        )
        for number, (v, *_), lines in ((n, lines, lines) for n, lines in grouped.items())
    ]  # fmt: skip
