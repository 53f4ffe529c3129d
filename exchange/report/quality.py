"""Quality of one feed's night for the statistician: measures by GB/T 36344, links that lead nowhere, optional fields.

Counts with their denominators from what the night has measured; no value of a record. A dangling link is a figure here
and holds nothing: what it names may be reported later, or by another system.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import bindparam, text

from exchange.canonical import CanonicalFile
from exchange.ledger.balance import LoadBalance
from exchange.site import Site
from expectations.measures import BatchCounts, measures
from schemas.catalog import Feed
from schemas.errors import GuijiError
from schemas.standard import RecordType, standard

NOT_LOOKED_UP: Mapping[str, int | None] = {"linked": None, "dangling": None}
KNOWN = text("SELECT business_key FROM record_current WHERE feed IN :feeds AND operation <> 'revoke'").bindparams(
    bindparam("feeds", expanding=True)
)


def quality(
    site: Site, feed: Feed, balance: LoadBalance, kind: RecordType, found: Mapping[str, int]
) -> dict[str, Any] | None:
    """None before the load was judged. `found`: rows of each finding's code, summed over fields."""
    paths = [path for load in balance.loads if (path := site.load_folder(load) / "suite.json").is_file()]
    if not paths or balance.pulled is None:
        return None
    judged = json.loads(paths[-1].read_text(encoding="utf-8"))
    counts = BatchCounts(balance.pulled, balance.quarantined or 0, balance.duplicate or 0)
    own = [one for one in judged.get("expectations", []) if not one.get("base")]
    return {
        "measures": [{**asdict(one), "text": one.text} for one in measures(counts, kind, found, own)],
        "filled": list(_filled(judged, feed, kind)),
        "unmapped": sum(not f.required and f.name not in feed.mapping["fields"] for f in kind.fields),
        "links": list(_links(site, feed, balance.loads[-1], kind)),
    }


def _filled(judged: Mapping[str, Any], feed: Feed, kind: RecordType) -> Iterator[dict[str, Any]]:
    """Optional fields that the feed maps, the emptiest first."""
    for name, rows in sorted(judged.get("filled", {}).items(), key=lambda one: one[1]):
        if name in feed.mapping["fields"] and name in kind.names:
            field = kind.field(name)
            yield {"field": name, "title_zh": field.title_zh, "title_en": field.title_en,
                   "rows": rows, "of": judged["rows"]}  # fmt: skip


def _links(site: Site, feed: Feed, load: int, kind: RecordType) -> Iterator[dict[str, Any]]:
    """Every mapped link to a record type whose key is one field. `dangling` None: no feed of that type, or not read."""
    kinds = standard(kind.standard, kind.version).record_types
    for name, spec in kind.schema["properties"].items():
        link = spec.get("x-link")
        if not link or name not in feed.mapping["fields"]:
            continue
        if kinds[link["type"]].key != (link["field"],):
            continue
        field = kind.field(name)
        head = {"field": name, "title_zh": field.title_zh, "title_en": field.title_en, "type": link["type"]}
        feeds = sorted(f.name for f in site.catalog.feeds.values() if f.record_type == link["type"])
        yield head | {"feeds": feeds, **(_counted(site, load, name, feeds) if feeds else NOT_LOOKED_UP)}


def _counted(site: Site, load: int, name: str, feeds: Iterable[str]) -> Mapping[str, int | None]:
    """Among all rows of the load, those that name something, and those whose name no current record has."""
    try:
        column = CanonicalFile(site, load).file.read(columns=[name])[name].drop_null()
    except GuijiError:
        return NOT_LOOKED_UP
    keys = pc.replace_substring(pc.replace_substring(column, "\\", "\\\\"), "|", "\\|")
    with site.ledger.read() as connection:
        known = pa.array(connection.execute(KNOWN, {"feeds": list(feeds)}).scalars().all(), pa.string())
    dangling = pc.sum(pc.invert(pc.is_in(keys, value_set=known))).as_py() or 0
    return {"linked": len(column), "dangling": dangling}
