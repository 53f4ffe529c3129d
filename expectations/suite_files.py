"""Reads `suites/<record_type>.yaml` and checks every name in it against the library, the masks and the registry."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from expectations.patterns import compile_pattern
from expectations.suite_masks import UNEXPECTED
from schemas.errors import StandardError
from schemas.findings import registry
from schemas.nearest import nearest

FOLDER = Path(__file__).parent / "suites"
UNIQUE = "expect_compound_columns_to_be_unique"
KEYS = frozenset({"id", "type", "kwargs", "severity", "title_zh", "title_en"})
SEVERITIES = {"critical": "error", "warning": "warning"}


@dataclass(frozen=True)
class Expected:
    """One expectation. `code`: its finding."""

    id: str
    type: str
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning"]
    title_zh: str
    title_en: str

    @property
    def code(self) -> str:
        return f"SUITE_{self.id.upper()}"

    @property
    def unique(self) -> bool:
        return self.type == UNIQUE

    @property
    def mostly(self) -> float:
        return float(self.kwargs.get("mostly", 1))

    @property
    def columns(self) -> tuple[str, ...]:
        """What it reads, in the order the masks take them."""
        if self.unique:
            return tuple(self.kwargs["column_list"])
        return tuple(self.kwargs[key] for key in ("column", "column_A", "column_B") if key in self.kwargs)

    @property
    def blamed(self) -> str:
        """The field of its findings: the later part of a key, A of a pair."""
        return self.columns[-1] if self.unique else self.columns[0]


@cache
def read_suite(record_type: str) -> tuple[Expected, ...]:
    """All expectations of a record type, in file order. Raises StandardError naming file and key."""
    path = FOLDER / f"{record_type}.yaml"
    if not path.is_file():
        known = [item.stem for item in FOLDER.glob("*.yaml")]
        raise StandardError(
            "there is no suite of this name", where=f"suites/{path.name}", remedy=nearest(record_type, known)
        )
    return parse_suite(yaml.safe_load(path.read_text(encoding="utf-8")), f"suites/{path.name}")


def parse_suite(items: Any, where: str) -> tuple[Expected, ...]:
    """Expectations from the YAML as read. Raises StandardError naming `where` and the key."""
    if not isinstance(items, list):
        raise StandardError("a suite is a list of expectations", where=where)
    expected = tuple(_expected(item, f"{where}[{number}]") for number, item in enumerate(items))
    names = [item.id for item in expected]
    for name in names:
        if names.count(name) > 1:
            raise StandardError(f"id {name} is used twice", where=where, remedy="give each expectation its own id")
    return expected


def _expected(item: Any, where: str) -> Expected:
    if not isinstance(item, dict) or set(item) != KEYS:
        raise StandardError("an expectation has other keys", where=where, remedy=f"give {', '.join(sorted(KEYS))}")
    place = f"{where}.{item['id']}"
    if item["severity"] not in SEVERITIES:
        raise StandardError(f"severity {item['severity']}", where=place, remedy="use critical or warning")
    if item["type"] not in UNEXPECTED and item["type"] != UNIQUE:
        raise StandardError(
            f"expectation type {item['type']} is not known",
            where=f"{place}.type",
            remedy=nearest(item["type"], [*UNEXPECTED, UNIQUE]),
        )
    expected = Expected(**item)
    _check_kwargs(expected, place)
    _check_code(expected, place)
    return expected


def _check_kwargs(item: Expected, where: str) -> None:
    from expectations.arrow_expectations import library_class, quiet

    kind = library_class(item.type)
    assert kind is not None
    with quiet():
        allowed = set(kind.__fields__)
        for key in item.kwargs:
            if key not in allowed:
                raise StandardError(
                    f"{item.type} has no kwarg {key}", where=f"{where}.kwargs", remedy=nearest(key, sorted(allowed))
                )
        try:
            kind(**item.kwargs)
        except (ValueError, TypeError) as refusal:
            raise StandardError(
                f"{item.type} refuses its kwargs", where=f"{where}.kwargs", remedy=str(refusal)
            ) from None
    if "regex" in item.kwargs:
        compile_pattern(item.kwargs["regex"], f"{where}.kwargs.regex")


def _check_code(item: Expected, where: str) -> None:
    known = registry().get(item.code)
    if known is None or known.severity != SEVERITIES[item.severity]:
        raise StandardError(
            f"finding code {item.code} of severity {SEVERITIES[item.severity]} is not in the registry",
            where=where,
            remedy="add it to schemas/finding_codes/rules.csv",
        )
