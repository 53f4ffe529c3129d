"""Layouts of the annual report (行政执法统计年报) as data: figures, the rule that counts each, and its mark.

`annual/annual_report_tables.csv` holds the columns as they were seen in published reports, `annual/figures.yaml` one
figure per number with its rule, `annual/layouts/*.yaml` which figures a province asks for, in which order of severity
and unit. A layout is no receiver: it has no protocol and no record of its own, it only counts what the standard holds.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from schemas.errors import ConfigurationError
from schemas.nearest import nearest, refuse_unknown_keys
from schemas.standard import in_force

FOLDER = Path(__file__).parent / "annual"
MARKS = ("no", "partial", "yes")
UNITS = ("元", "万元")
ORDERS = ("2019_layout", "2021_datong", "2021_shandong")
LAYOUT_KEYS = {"title", "title_en", "seen", "verified", "severity_order", "amount_unit", "revoked", "tables"}
FIGURE_KEYS = {"title", "title_en", "unit", "of", "verified", "rule", "missing", "missing_en"}
RULE_KEYS = {"of", "date", "heaviest", "where", "sum"}


@dataclass(frozen=True)
class Rule:
    """Records of `record_type` whose `date` lies in the year, and of those: all, or by one of the three.

    `heaviest`: the kinds a decision counts under. `where`: field → values. `sum`: money fields added up.
    """

    record_type: str
    date: str
    heaviest: tuple[str, ...] = ()
    where: Mapping[str, tuple[str, ...]] | None = None
    sum: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """One column of a table. `rule` None: nothing here can count it, and `missing_*` says why."""

    name: str
    title_zh: str
    title_en: str
    unit: str
    of: str
    note: str
    verified: str
    rule: Rule | None
    missing_zh: str = ""
    missing_en: str = ""


@dataclass(frozen=True)
class AnnualTable:
    """One table of the report, its figures from left to right."""

    name: str
    title_zh: str
    title_en: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Layout:
    """`severity_order` empty: not seen, a person names it. `revoked`: `count`, `leave`, or empty: not said."""

    code: str
    title_zh: str
    title_en: str
    seen: str
    verified: str
    severity_order: str
    amount_unit: str
    revoked: str
    tables: tuple[AnnualTable, ...]


def layouts() -> list[str]:
    """Codes of the layouts at hand, sorted."""
    return sorted(path.stem for path in (FOLDER / "layouts").glob("*.yaml"))


def layout(name: str) -> Layout:
    """By code, or by the path of a YAML of your own. Raises ConfigurationError naming file, key and remedy."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else FOLDER / "layouts" / f"{name}.yaml"
    if not path.is_file():
        raise ConfigurationError(f"there is no layout {name}", where="--layout", remedy=nearest(name, layouts()))
    data, where = _read(path), path.name
    refuse_unknown_keys(data, LAYOUT_KEYS, where)
    for key in ("title", "title_en", "verified", "amount_unit", "tables"):
        if key not in data:
            raise ConfigurationError(f"{key} is missing", where=where, remedy=f"write `{key}: …`")
    _one_of(data["verified"], MARKS, f"{where}: verified")
    _one_of(data["amount_unit"], UNITS, f"{where}: amount_unit")
    _one_of(data.get("revoked", ""), ("count", "leave", ""), f"{where}: revoked")
    _one_of(data.get("severity_order", ""), (*ORDERS, ""), f"{where}: severity_order")
    return Layout(
        code=path.stem,
        title_zh=str(data["title"]),
        title_en=str(data["title_en"]),
        seen=str(data.get("seen", "")),
        verified=data["verified"],
        severity_order=data.get("severity_order", ""),
        amount_unit=data["amount_unit"],
        revoked=data.get("revoked", ""),
        tables=tuple(_table(name, names, f"{where}: tables.{name}") for name, names in _dict(data, "tables", where)),
    )


def seen_rows() -> dict[tuple[str, str], dict[str, str]]:
    """Rows of the table of columns that were seen, by (table, column_code)."""
    with (FOLDER / "annual_report_tables.csv").open(encoding="utf-8", newline="") as lines:
        return {(row["table"], row["column_code"]): row for row in csv.DictReader(lines)}


@cache
def figures() -> dict[str, dict[str, Figure]]:
    """All figures by table and name. Raises ConfigurationError."""
    found = _read(FOLDER / "figures.yaml")
    seen = seen_rows()
    return {
        table: {name: _figure(name, data, seen, table, f"figures.yaml: {table}.{name}") for name, data in group.items()}
        for table, group in found.items()
    }


def _table(name: str, names: Any, where: str) -> AnnualTable:
    titles, known = _read(FOLDER / "tables.yaml"), figures().get(name)
    if known is None:
        raise ConfigurationError(f"there is no table {name}", where=where, remedy=nearest(name, sorted(titles)))
    if not isinstance(names, list) or not names:
        raise ConfigurationError("names no figures", where=where, remedy="write a list of figures.yaml's names")
    for figure in names:
        if figure not in known:
            raise ConfigurationError(
                f"there is no figure {figure}", where=where, remedy=nearest(str(figure), list(known))
            )
    return AnnualTable(name, titles[name]["title"], titles[name]["title_en"], tuple(known[figure] for figure in names))


def _figure(name: str, data: dict[str, Any], seen: Mapping[Any, dict[str, str]], table: str, where: str) -> Figure:
    refuse_unknown_keys(data, FIGURE_KEYS, where)
    row = seen.get((table, str(data.get("of"))))
    if row is None:
        known = [column for of, column in seen if of == table]
        raise ConfigurationError("no such column was seen", where=f"{where}.of", remedy=nearest(str(data["of"]), known))
    if MARKS.index(data["verified"]) > MARKS.index(row["verified"]):
        raise ConfigurationError(
            "claims more than the column it stands for", where=f"{where}.verified", remedy=f"write {row['verified']}"
        )
    rule = _rule(data["rule"], f"{where}.rule") if "rule" in data else None
    if (rule is None) != ("missing" in data):
        raise ConfigurationError("has no rule and no reason", where=where, remedy="write `rule: …` or `missing: …`")
    told = (str(data.get("missing", "")), str(data.get("missing_en", "")))
    return Figure(
        name, data["title"], data["title_en"], data["unit"], data["of"], row["rule"], data["verified"], rule, *told
    )


def _rule(data: dict[str, Any], where: str) -> Rule:
    refuse_unknown_keys(data, RULE_KEYS, where)
    types = in_force("enforcement", date.today()).record_types
    if data.get("of") not in types:
        raise ConfigurationError("is no record type", where=f"{where}.of", remedy=nearest(str(data["of"]), list(types)))
    names = types[data["of"]].names
    for field in (data["date"], *data.get("where", {}), *data.get("sum", [])):
        if field not in names:
            raise ConfigurationError(f"{field} is no field of it", where=where, remedy=nearest(str(field), names))
    return Rule(
        record_type=data["of"],
        date=data["date"],
        heaviest=tuple(data.get("heaviest", ())),
        where={field: tuple(values) for field, values in data["where"].items()} if "where" in data else None,
        sum=tuple(data.get("sum", ())),
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError):
        raise ConfigurationError(
            "not readable as YAML", where=path.name, remedy="check indentation and quotes"
        ) from None
    if not isinstance(data, dict):
        raise ConfigurationError("holds no keys", where=path.name, remedy="see docs/annual-report.md")
    return data


def _dict(data: dict[str, Any], key: str, where: str) -> list[tuple[str, Any]]:
    if not isinstance(data[key], dict):
        raise ConfigurationError("holds no keys", where=f"{where}: {key}", remedy="see docs/annual-report.md")
    return list(data[key].items())


def _one_of(value: Any, known: tuple[str, ...], where: str) -> None:
    if value not in known:
        raise ConfigurationError(
            f"{value} is not known here", where=where, remedy=f"write one of: {', '.join(k for k in known if k)}"
        )
