"""Writes one night's report: `reports/<date>/index.html` for people and `report.json` for machines, from one result."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from exchange.durable import write_file
from exchange.report.facts import night
from exchange.report.render import render
from exchange.site import Site


def write_report(site: Site, business_date: date) -> Path:
    """Write both files anew from the ledger. Returns the page's path."""
    facts = night(site, business_date)
    folder = site.home / "reports" / business_date.isoformat()
    text = json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True)
    write_file(folder / "report.json", [text.encode()])
    write_file(folder / "index.html", [page(facts).encode()])
    return folder / "index.html"


def page(facts: dict[str, Any]) -> str:
    """The night's page."""
    return render("nightly.html.j2", facts, n=lambda number: "—" if number is None else f"{number:,}")
