"""Corrections (补正): a return file that came back, row by row, on the same way that a pull goes.

Every row is matched to its item by number and check code. What passes is landed as a batch of its own beside the file
as it came, and normalized, validated and registered as any load; it moves no watermark and says nothing about rows that
are not in it. What does not pass gets a plain sentence, and its ticket stays as it was.
"""

import io
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import text

from exchange import flow
from exchange.correction_rows import SAID, Answer, Match, match_rows
from exchange.ledger.loads import Loads
from exchange.returns import HEADER_ROW, SHEET
from exchange.site import Site
from exchange.tickets import codes_of
from schemas.errors import GuijiError, SourceChanged
from schemas.exchange import Part
from schemas.findings import registry
from transforms.decode import read_tables

LARGEST = 64 << 20
FORMAT = {"kind": "xlsx", "sheet": SHEET, "header": HEADER_ROW}
OUTCOMES = "SELECT ordinal, outcome FROM correction WHERE load_id = :load"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file. `load_id` is None when no row passed; `waits` says why its load is not registered yet."""

    feed: str
    load_id: int | None
    answers: tuple[Answer, ...]
    waits: str = ""

    def count(self, outcome: str) -> int:
        return sum(answer.outcome == outcome for answer in self.answers)


def correct(site: Site, path: Path, reason: str, person: str, day: date | None = None) -> Outcome:
    """Take a corrected return file in. `day`: the business date, today by default; its standard judges.

    Raises GuijiError for a file that is no return file; SourceChanged when it is no workbook.
    """
    body = _bytes(path)
    on = day or site.today
    match = match_rows(site, _table(body, path.name), on)
    if not match.feed:
        raise GuijiError("no row of it answers a ticket of this site", where=path.name, remedy="give the return file")
    if site.catalog.feed(match.feed).mapping.get("children"):
        raise GuijiError(
            "its records have further tables, which no return file holds", where=match.feed,
            remedy="have them corrected at the source: the next pull takes them in",
        )  # fmt: skip
    outcome = _register(site, match, body, on, reason, person) if match.rows.num_rows else Outcome(match.feed, None, ())
    outcome = replace(outcome, answers=tuple(sorted((*match.refused, *outcome.answers), key=lambda a: a.row)))
    _note(site, outcome, sha256(body).hexdigest(), reason, person)
    return outcome


def _bytes(path: Path) -> bytes:
    try:
        body = path.read_bytes()
    except OSError:
        raise GuijiError("cannot be read", where=path.name, remedy="check the path and its rights") from None
    if len(body) > LARGEST:
        raise GuijiError("is larger than 64 MiB", where=path.name, remedy="give the return file alone")
    return body


def _table(body: bytes, name: str) -> pa.Table:
    tables = list(read_tables(io.BytesIO(body), FORMAT, name))
    if not tables:
        raise SourceChanged("holds no row", where=name, remedy="give the return file with its first three rows")
    return pa.concat_tables(tables)


def _register(site: Site, match: Match, body: bytes, on: date, reason: str, person: str) -> Outcome:
    """Land the rows that passed, then let the flow take its loads in order."""
    loads, lease = Loads(site.ledger), site.ledger.take(match.feed)
    load_id = loads.open(match.feed, on, lease, kind="correction", reason=reason, accepted_by=person)
    site.vault.write(site.load_folder(load_id) / "returned.xlsx", [body], site.load_scope(load_id))
    batch = site.landing.land(match.feed, [Part("returned.xlsx", "parquet", iter([_parquet(match.rows)]))])
    loads.landed(load_id, batch.id, {}, False, lease)
    waits = ""
    try:
        flow.normalize_and_validate(site, match.feed)
    except GuijiError as error:  # an earlier load of the feed cannot be read, or is held: this one keeps its place
        waits = str(error)
    return Outcome(match.feed, load_id, tuple(_answers(site, load_id, match)), waits)


def _parquet(rows: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(rows, out, compression="zstd")
    return out.getvalue()


def _answers(site: Site, load_id: int, match: Match) -> list[Answer]:
    """What registration made of each row that passed."""
    with site.ledger.read() as connection:
        found = {row.ordinal: row.outcome for row in connection.execute(text(OUTCOMES), {"load": load_id})}
        return [
            Answer(
                row, subject, found.get(n, "landed"), *_words(codes_of(connection, load_id, n), found.get(n, "landed"))
            )
            for n, (row, subject) in enumerate(match.passed)
        ]


def _words(codes: tuple[tuple[str, str], ...], outcome: str) -> tuple[str, str]:
    zh, en = SAID[outcome]
    errors = [(registry()[code], field) for code, field in codes if registry()[code].severity == "error"]
    if outcome != "held" or not errors:
        return zh, en
    return (
        f"{zh}：" + "；".join(f"{entry.title_zh}（{field}）" for entry, field in errors),
        f"{en}: " + "; ".join(f"{entry.title_en} ({field})" for entry, field in errors),
    )


def _note(site: Site, outcome: Outcome, digest: str, reason: str, person: str) -> None:
    counts = Counter(answer.outcome for answer in outcome.answers)
    words = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    with site.ledger.write("correct") as connection:
        load = f" load {outcome.load_id}" if outcome.load_id else ""
        site.ledger.note(
            connection, "corrections given", f"{outcome.feed}{load}", f"{words}; file {digest}; {reason}", person
        )
