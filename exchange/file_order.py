"""The order of drop-folder files (文件先后) over all loads of a feed: which parts came late, and what newer ones hold.

A part came late when its file's date lies before that of a file already registered. Loads say in their position which
files they took; what was in them is read back from their canonical files, for a row that changed nothing then left no
other trace of having been there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise

import pyarrow as pa
import pyarrow.compute as pc

from connectors.file_names import place
from exchange.canonical import CanonicalFile
from exchange.landing import Batch
from exchange.ledger.loads import DONE, Load, Loads
from exchange.ledger.newer import LatePart, Newer
from exchange.site import Site
from schemas.errors import KeyDestroyed


@dataclass(frozen=True)
class FileOrder:
    """`names`: of a load's parts, where its source is a drop folder. `late`: numbers of those whose place others had
    passed; `unheard`: of those among them whose bytes were never registered under this name.
    """

    names: tuple[str, ...] = ()
    late: frozenset[int] = frozenset()
    unheard: frozenset[int] = frozenset()


def file_order(site: Site, load: Load, batch: Batch) -> FileOrder:
    """Of a load before its registration; of a replay, which is as late as its batch has become since."""
    names = _names(Loads(site.ledger).get(load.origin))
    if not names:
        return FileOrder()
    known = (Loads(site.ledger).window(load.feed, False).after or {}).get("files", {})
    newest = max(map(place, known.values()), default="")
    late = frozenset(number for number, name in enumerate(names) if "" < place(name) < newest)
    unheard = frozenset(number for number in late if known.get(batch.parts[number].sha256) != names[number])
    return FileOrder(names, late, unheard)


def newer_rows(site: Site, load: Load, order: FileOrder, rows: Mapping[int, int]) -> Newer | None:
    """`rows`: part → rows of it. None when no part came late."""
    if not order.late:
        return None
    ends = accumulate(rows.get(number, 0) for number in range(len(order.names)))
    parts = tuple(
        LatePart(place(order.names[number]), first, after)
        for number, (first, after) in enumerate(pairwise([0, *ends]))
        if number in order.late
    )
    least = min(part.place for part in parts)
    loads = {one.id: one for one in Loads(site.ledger).of_feed(load.feed)}
    files, destroyed = list[tuple[CanonicalFile, dict[int, str]]](), ""
    for one in loads.values():
        places = {number: at for number, name in enumerate(_names(loads[one.origin])) if (at := place(name)) > least}
        if places and one.state in DONE and load.id != one.id and load.origin != one.origin:
            try:
                files.append((CanonicalFile(site, one.id), places))
            except KeyDestroyed:
                destroyed = max(destroyed, *places.values())
    return Newer(parts, (rows for file, places in files for rows in _rows(file, places)), destroyed)


def _names(load: Load) -> tuple[str, ...]:
    return tuple((load.position or {}).get("taken", ()))


def _rows(file: CanonicalFile, places: dict[int, str]) -> Iterator[pa.Table]:
    """Key, place and what a ticket would be known by, of the rows of some parts."""
    numbers = pa.array(places, pa.int32())
    for group in range(file.file.num_row_groups):
        chunk = file.file.read_row_group(group, columns=["_key", "_digest", "_raw_digest", "_part"])
        chunk = chunk.filter(pc.and_(pc.is_valid(chunk["_key"]), pc.is_in(chunk["_part"], value_set=numbers)))
        at = pc.index_in(chunk["_part"], value_set=numbers)
        yield pa.table(
            {
                "business_key": chunk["_key"],
                "place": pa.array(places.values(), pa.string()).take(at.combine_chunks()),
                "digest": pc.coalesce(chunk["_raw_digest"], chunk["_digest"]),
            }
        )
