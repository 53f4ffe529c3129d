"""Standing corrections (补正): which rows of a pull are still the old ones that a department has corrected meanwhile.

A row is the old one when its raw bytes are, or what they say under the same version of the standard. It is looked for
under its row number at the source; where rows have none, under its business key or its very bytes.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import text

from exchange.canonical import raw_digests
from exchange.ledger.corrections import GIVEN, Correction, Seen, standing
from exchange.ledger.loads import Load
from exchange.site import Site

NOW = """
SELECT c.feed, c.subject, COALESCE(c.business_key, ''), COALESCE(c.source_ref, ''), l.opened_at,
    COALESCE(l.accepted_by, '')
FROM correction c JOIN load l ON l.id = c.load_id
WHERE c.outcome = 'corrected' AND c.ended_at IS NULL
AND (:feed = '' OR c.feed = :feed OR substr(c.feed, 1, length(:under)) = :under) ORDER BY c.feed, c.load_id, c.ordinal
"""


@dataclass
class Watch:
    """Looks through a pull, chunk by chunk; `seen` is what registration needs of it."""

    corrections: list[Correction]
    seen: Seen = field(default_factory=Seen)
    _met: set[int] = field(default_factory=set)  # corrections whose row was there, the old one or another
    _old: set[int] = field(default_factory=set)

    @classmethod
    def over(cls, site: Site, load: Load) -> "Watch":
        """Nothing to watch in a load of corrections: its rows are the corrected ones."""
        if load.kind != "pull":
            return cls([])
        with site.ledger.read() as connection:
            return cls(standing(connection, load.feed))

    def look(self, raw: pa.Table, marks: dict[str, pa.Array], part: str, first: int, late: bool) -> None:
        """One chunk. `marks`: columns of canonical.MARKS; `part` as for raw_digests; `first`: ordinal of its row 0.

        A `late` file was written before the correction: another row in it ends nothing.
        """
        if not self.corrections:
            return
        refs, keys = marks["_ref"], marks["_key"]
        wanted = self._candidates(refs, keys, marks["_raw_digest"])
        if not wanted.any():
            return
        raws = raw_digests(raw, wanted, part)
        for row in np.flatnonzero(wanted).tolist():  # few: one for each correction that stands
            values = (column[row].as_py() for column in (refs, keys, raws, marks["_digest"]))
            self._meet(first + row, *values, late=late)

    def finish(self) -> Seen:
        """After the last chunk: corrections whose row was there, and was not the old one, have ended."""
        self.seen.ended = [self.corrections[n] for n in sorted(self._met - self._old)]
        return self.seen

    def _candidates(
        self, refs: pa.Array, keys: pa.Array, raws: pa.Array
    ) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        by_ref = {c.source_ref for c in self.corrections if c.source_ref is not None}
        both = {key for c in self.corrections if c.source_ref is None for key in (c.old_key, c.business_key)}
        by_key = {key for key in both if key is not None}
        by_raw = {c.old_raw for c in self.corrections if c.source_ref is None}
        found = np.zeros(len(keys), dtype=bool)
        for column, values in ((refs, by_ref), (keys, by_key), (raws, by_raw)):
            if values:
                hit = pc.is_in(_flat(column), value_set=pa.array(sorted(values), pa.string()))
                found |= hit.to_numpy(zero_copy_only=False)
        return found

    def _meet(self, ordinal: int, ref: str | None, key: str | None, raw: str, digest: str, *, late: bool) -> None:
        for number, one in enumerate(self.corrections):
            same = raw == one.old_raw or digest == one.old_digest
            if one.source_ref is not None:
                there = ref == one.source_ref
            else:
                there = same or (key is not None and key in (one.old_key, one.business_key))
            if there and (same or not late):
                self._met.add(number)
                if same:
                    self._old.add(number)
                    self.seen.rows[ordinal] = one


def stand_now(site: Site, feed: str = "") -> list[tuple[str, ...]]:
    """(feed, ticket, business key, source row, day, person) of every correction whose source has not changed."""
    with site.ledger.read() as connection:
        rows = connection.execute(text(NOW), {"feed": feed, "under": f"{feed}/"}).all()
    return [(*row[:4], row[4][:10], row[5]) for row in rows]


def given_of(raw: pa.Table, first: int) -> pa.Table:
    """What each row of a landed correction answers, as the columns of GIVEN; it lies beside the row as text (`_…`)."""
    columns = [np.arange(first, first + raw.num_rows, dtype=np.int64), *(raw[f"_{name}"] for name in GIVEN[1:])]
    table = pa.table(columns, names=list(GIVEN))
    for name in ("ticket", "version"):
        table = table.set_column(GIVEN.index(name), name, table[name].cast(pa.int64()))
    return table


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
