"""Reads `suites/<record_type>.yaml` and checks every name in it against the library, the masks and the registry."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from expectations.patterns import compile_pattern
from expectations.suite_masks import UNEXPECTED
from schemas.errors import StandardError
from schemas.findings import registry
from schemas.lineage import in_own_words
from schemas.nearest import nearest
from schemas.standard import RecordType, code_list, in_force
from schemas.version_files import chain

FOLDER = Path(__file__).parent / "suites"
UNIQUE = "expect_compound_columns_to_be_unique"
OWNER = "enforcement"
CODES = "$CODES"
SPECIAL = re.compile(r"[.^$*+?()\[\]{}|\\/-]")
COLUMN_KEYS = ("column", "column_A", "column_B")
KEYS = frozenset({"id", "type", "kwargs", "severity", "title_zh", "title_en"})
SEVERITIES = {"critical": "error", "warning": "warning"}


@dataclass(frozen=True)
class Expected:
    """One expectation. `code`: its finding; `rule`: of the base, that of the record rule it repeats."""

    id: str
    type: str
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning"]
    title_zh: str
    title_en: str
    rule: str = ""

    @property
    def code(self) -> str:
        return self.rule or f"SUITE_{self.id.upper()}"

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
        return tuple(self.kwargs[key] for key in COLUMN_KEYS if key in self.kwargs)

    @property
    def blamed(self) -> str:
        """The field of its findings: the later part of a key, A of a pair."""
        return self.columns[-1] if self.unique else self.columns[0]


def read_suite(record_type: str, kind: RecordType | None = None) -> tuple[Expected, ...]:
    """All expectations of a record type, in file order, in the words of the version of `kind`, or of today's.

    Renamed columns go by that version's names, code lists are its own, and an expectation on a field that it lacks is
    left out. A record type without a file has none of its own. Raises StandardError naming file and key.
    """
    owner, version = (kind.standard, kind.version) if kind else (OWNER, in_force(OWNER, date.today()).version)
    items = _read(record_type, owner, version, chain(owner, version))
    if kind is None:
        return items
    names = in_own_words({column for item in items for column in item.columns}, kind)
    return tuple(_in_words(item, names) for item in items if all(column in names for column in item.columns))


@cache
def _read(record_type: str, owner: str, version: str, _folders: tuple[Path, ...]) -> tuple[Expected, ...]:
    path = FOLDER / f"{record_type}.yaml"
    if not path.is_file():
        return ()
    items = yaml.safe_load(path.read_text(encoding="utf-8"))
    return parse_suite(items, f"suites/{path.name}", lambda codes: code_words(owner, version, codes))


def code_words(owner: str, version: str, codes: str) -> list[str]:
    """The words of a code list, without a bare 其他, which is written with its kind."""
    rows = code_list(owner, version, codes)
    return [row["name_zh"] for row in rows if row["name_zh"].partition("-")[0] != "其他"]


def _with_codes(kwargs: dict[str, Any], words: Callable[[str], list[str]], where: str) -> dict[str, Any]:
    """`{$CODES: list}` is its words; with `like`, that pattern, its @ standing for any of the words."""
    done = dict(kwargs)
    for key, value in kwargs.items():
        if not isinstance(value, dict) or CODES not in value:
            continue
        if set(value) - {CODES, "like"}:
            raise StandardError("is not {$CODES: list, like: pattern}", where=f"{where}.kwargs.{key}")
        given = words(value[CODES])
        signs = "|".join(SPECIAL.sub(r"\\\g<0>", word) for word in given)
        done[key] = value["like"].replace("@", signs) if "like" in value else given
    return done


def _in_words(item: Expected, names: Mapping[str, str]) -> Expected:
    kwargs = dict(item.kwargs)
    kwargs |= {key: names[kwargs[key]] for key in COLUMN_KEYS if key in kwargs}
    if "column_list" in kwargs:
        kwargs["column_list"] = [names[column] for column in kwargs["column_list"]]
    return replace(item, kwargs=kwargs)


def parse_suite(
    items: Any, where: str, words: Callable[[str], list[str]] = lambda codes: code_words(OWNER, "1.0", codes)
) -> tuple[Expected, ...]:
    """Expectations from the YAML as read; `words` gives those of a code list. Raises StandardError naming the place."""
    if not isinstance(items, list):
        raise StandardError("a suite is a list of expectations", where=where)
    expected = tuple(_expected(item, f"{where}[{number}]", words) for number, item in enumerate(items))
    names = [item.id for item in expected]
    for name in names:
        if names.count(name) > 1:
            raise StandardError(f"id {name} is used twice", where=where, remedy="give each expectation its own id")
    return expected


def _expected(item: Any, where: str, words: Callable[[str], list[str]]) -> Expected:
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
    expected = Expected(**{**item, "kwargs": _with_codes(item["kwargs"], words, place)})
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
