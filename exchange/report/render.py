"""Templates to pages: every value escaped whatever the template is called, no script, nothing from outside."""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from exchange.site import SHANGHAI

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, told: Mapping[str, Any], **filters: Callable[..., str]) -> str:
    """The page of a template in templates/. Raises jinja2.UndefinedError for a name that `told` lacks."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({"clock": _clock, **filters})
    return environment.get_template(template).render(told)


def _clock(at: str) -> str:
    """A moment of the ledger's, as the clock on the reader's wall shows it."""
    return f"{datetime.fromisoformat(at).astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
