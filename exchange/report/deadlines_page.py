"""The deadlines report for people and machines: `reports/<date>/deadlines.html`, `.json` and `.csv`.

The page and the JSON hold counts, dates due and places of rows, no record content; the CSV, for its owner's eyes only,
also has the business keys, so that somebody can go and do what is due.
"""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv

from exchange.durable import place_file
from exchange.report.deadlines import STATES, Duties, duties
from exchange.report.render import render
from exchange.site import Site

SHOWN = 50
COLUMNS = ["feed", "receiver", "load", "row", "ticket", "business_key", "state", "due", "days_late"]


def write_deadlines(site: Site, on: date, within: int) -> tuple[Path, dict[str, Any]]:
    """Write the three files. Returns the page's path and its facts."""
    found = list(duties(site, on))
    told = facts(site, found, on, within)
    folder = site.home / "reports" / on.isoformat()
    out = pa.BufferOutputStream()
    pyarrow.csv.write_csv(pa.concat_tables([_rows(d, on, within) for d in found] or [_no_rows()]), out)
    place_file(folder / "deadlines.csv", [out.getvalue()], 0o600)
    text = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True)
    place_file(folder / "deadlines.json", [text.encode()])
    place_file(folder / "deadlines.html", [page(told).encode()])
    return folder / "deadlines.html", told


def facts(site: Site, found: list[Duties], on: date, within: int) -> dict[str, Any]:
    """Everything that the page, the JSON and the terminal show."""
    rows = [_facts(site, item, on, within) for item in found]
    return {
        "date": on.isoformat(),
        "within": within,
        "receivers": rows,
        "overdue": sum(row["overdue"] for row in rows),
        "soon": sum(row["soon"] for row in rows),
        "unknown": sum(row["unknown"] for row in rows),
        "written_at": site.ledger.now,
    }


def _facts(site: Site, item: Duties, on: date, within: int) -> dict[str, Any]:
    receiver = site.catalog.receivers.get(item.receiver)
    counts, clock = item.counts(on, within), item.clock
    judged = counts["on_time"] + counts["late"] + counts["overdue"]
    return {
        "feed": item.feed.name,
        "department_zh": item.feed.department.name_zh,
        "department_en": item.feed.department.name_en,
        "type_zh": item.kind.title_zh,
        "type_en": item.kind.title_en,
        "receiver": item.receiver,
        "receiver_zh": receiver.name_zh if receiver else item.receiver,
        "receiver_en": receiver.name_en if receiver else item.receiver,
        "clock": {"zh": clock.what_zh, "limit": clock.limit, "unit": clock.unit, "basis": clock.basis,
                  "verified": clock.verified, "counted_from": clock.counted_from},
        **counts,
        "rate": round(counts["on_time"] / judged, 4) if judged else None,
        "unknown_year": item.unknown_year,
        "list": list(_listed(item, on, within)),
        "listed": counts["overdue"] + counts["soon"],
    }  # fmt: skip


def _listed(item: Duties, on: date, within: int) -> Iterator[dict[str, Any]]:
    for row in item.listed(on, within).slice(0, SHOWN).to_pylist():
        zh, en = STATES[row["state"]]
        yield {
            "load": row["load"], "row": row["ordinal"] + 1, "ticket": row["ticket"], "due": row["due"].isoformat(),
            "days_late": row["days_late"], "state": row["state"], "state_zh": zh, "state_en": en,
        }  # fmt: skip


def _rows(item: Duties, on: date, within: int) -> pa.Table:
    rows = item.listed(on, within)
    personal = any(item.kind.field(name).personal != "none" for name in item.kind.key)
    keys = pa.nulls(rows.num_rows, pa.string()) if personal else rows["business_key"]
    columns = [pa.array([word] * rows.num_rows, pa.string()) for word in (item.feed.name, item.receiver)]
    place = pa.compute.add(rows["ordinal"], 1)
    rest = [rows[name] for name in ("state", "due", "days_late")]
    return pa.table([*columns, rows["load"], place, rows["ticket"], keys, *rest], names=COLUMNS)


def _no_rows() -> pa.Table:
    return pa.table([pa.array([], pa.string()) for _ in COLUMNS], names=COLUMNS)


def page(told: dict[str, Any]) -> str:
    """The page of a day's deadlines."""
    return render(
        "deadlines.html.j2",
        told,
        n=lambda number: f"{number:,}",
        share=lambda rate: "—" if rate is None else f"{rate:.1%}",
    )
