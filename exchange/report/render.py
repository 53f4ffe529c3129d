"""Templates to pages: every value escaped whatever the template is called, no script, nothing from outside."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
    environment.filters.update(filters)
    return environment.get_template(template).render(told)
