"""Writes one night's report: `reports/<date>/index.html` for people and `report.json` for machines, from one result."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from exchange.durable import write_file
from exchange.report.facts import night
from exchange.site import Site

TEMPLATES = Path(__file__).parent / "templates"


def write_report(site: Site, business_date: date) -> Path:
    """Write both files anew from the ledger. Returns the page's path."""
    facts = night(site, business_date)
    folder = site.home / "reports" / business_date.isoformat()
    text = json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True)
    write_file(folder / "report.json", [text.encode()])
    write_file(folder / "index.html", [page(facts).encode()])
    return folder / "index.html"


def page(facts: dict[str, Any]) -> str:
    """The page: every value escaped whatever the template is called, no script, nothing from outside."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["n"] = lambda number: "—" if number is None else f"{number:,}"
    return environment.get_template("nightly.html.j2").render(facts)
