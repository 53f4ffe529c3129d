"""Owns the coercion cases of an invented city: four linked tables, two nights, with what goes wrong planted by number.

Not part of the default nights: the tests of cases ask for them.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sandbox.generator import identifiers
from sandbox.generator.names import person
from sandbox.generator.story import Row

CASES, PARTIES, MEASURES, EXECUTIONS = "qz_aj", "qz_dsr", "qz_cs", "qz_zx"
KEYS = {
    CASES: ("id", "ah", "ajly", "dz", "jg", "larq", "sfgk"),
    PARTIES: ("id", "ah", "xh", "lx", "mc", "zjhm", "dh", "csrq", "zs"),
    MEASURES: ("id", "ah", "zl", "xq", "jzr", "djje", "ly", "ksrq"),
    EXECUTIONS: ("id", "ah", "fs", "yjje", "ssrq", "xynr"),
}
BAD_ID, BAD_DATE, ORPHAN, UNNAMED, YOUNG, ALONE, SEALED = 3, 5, 7, 9, 11, 13, 17
PHONE_CHANGES, MEASURE_GOES, CASE_GOES, REORDERED, MAIN_ROW_GOES = 1, 2, 6, 15, 19
FIRST = date(2026, 3, 2)


@dataclass(frozen=True)
class CaseNight:
    """Rows by table; `held`, `kept_back`: serial → why. `persons`: what must never be written in the clear."""

    tables: dict[str, list[Row]]
    held: dict[int, str]
    kept_back: dict[int, str]
    persons: set[str]


def number(serial: int, brackets: str = "〔〕") -> str:
    """A case's number; tables of one department write its brackets in different ways."""
    return f"云市监强{brackets[0]}2026{brackets[1]}{serial}号"


def make_cases(night: int, cases: int = 24, seed: int = 7) -> CaseNight:
    """Night 1 or 2. The same seed gives the same cases."""
    tables: dict[str, list[Row]] = {name: [] for name in KEYS}
    for serial in range(1, cases + 1):
        for name, rows in _case(serial, Random(f"{seed}/{serial}")).items():
            tables[name] += rows
    persons = {str(row[name]) for row in tables[PARTIES] for name in ("mc", "zjhm", "dh", "zs")}
    persons |= {str(row["jzr"]) for row in tables[MEASURES]}
    held = {BAD_ID: "ID_CHECK_DIGIT", BAD_DATE: "DATE_INVALID", ORPHAN: "CHILD_WITHOUT_RECORD"}
    if night == 2:
        del held[ORPHAN]
        held[MAIN_ROW_GOES] = "CHILD_WITHOUT_RECORD"
        tables = {name: _second(name, rows) for name, rows in tables.items()}
        persons |= {str(row["dh"]) for row in tables[PARTIES]}
    gone = {1: ORPHAN, 2: MAIN_ROW_GOES}[night]
    tables[CASES] = [row for row in tables[CASES] if row["ah"] != number(gone)]
    return CaseNight(tables, held, {YOUNG: "PROTECTED_UNDER_14", SEALED: "PROTECTED_SEALED_RECORD"}, persons)


def _case(serial: int, rng: Random) -> dict[str, list[Row]]:
    ah, other = number(serial), number(serial, "[]")
    filed = FIRST - timedelta(days=rng.randrange(10, 60))
    started = filed + timedelta(days=1)
    main = (serial, ah, "日常检查", "云岭路1号", "云城市市场监督管理局", filed, "是")
    if serial == ALONE:
        return {CASES: [_row(CASES, main)]}
    parties = [
        (f"{serial}{n}", other if n else ah, n, "自然人", person(rng), identifiers.resident_id(rng),
         f"139{rng.randrange(10**8):08d}", None, f"云城市青松巷{rng.randrange(10**6):06d}号")
        for n in range(1 + serial % 3)
    ]  # fmt: skip
    measures = [
        (f"{serial}{n}", ah, "扣押财物", f"第{n}批", person(rng) + "见证", "12000.50", "保全证据", started)
        for n in range(2)
    ]
    executions = [(f"{serial}0", ah, "加处罚款或者滞纳金", "500", started, None)] if serial % 2 else []
    rows: dict[str, list[tuple[object, ...]]] = {
        CASES: [main], PARTIES: [*parties], MEASURES: [*measures], EXECUTIONS: [*executions],
    }  # fmt: skip
    made = {name: [_row(name, values) for values in some] for name, some in rows.items()}
    _spoil(serial, made)
    return made


def _spoil(serial: int, made: dict[str, list[Row]]) -> None:
    party, measure = made[PARTIES][-1], made[MEASURES][-1]
    if serial == BAD_ID:
        body = str(party["zjhm"])[:17]
        party["zjhm"] = body + ("1" if identifiers.resident_check_digit(body) != "1" else "2")
    elif serial == BAD_DATE:
        measure["ksrq"] = "2026-13-45"
    elif serial == UNNAMED:
        made[PARTIES].append(party | {"id": f"{serial}9", "ah": None})
    elif serial == YOUNG:
        party["csrq"] = "2015-06-01"
    elif serial == SEALED:
        measure["ly"] = "依据治安处罚法"


def _second(name: str, rows: list[Row]) -> list[Row]:
    """The second night of one table."""
    found = [row for row in rows if row["ah"] not in (number(CASE_GOES), number(CASE_GOES, "[]"))]
    if name == PARTIES:
        changed = [row | {"dh": "13700000001"} if row["id"] == f"{PHONE_CHANGES}0" else row for row in found]
        ids = {f"{REORDERED}0": "990", f"{REORDERED}1": "991"}
        found = [row | {"id": ids.get(str(row["id"]), row["id"])} for row in changed]
    if name == MEASURES:
        found = [row for row in found if row["id"] != f"{MEASURE_GOES}1"]
        ids = {f"{REORDERED}0": "993", f"{REORDERED}1": "992"}
        found = [row | {"id": ids.get(str(row["id"]), row["id"])} for row in found]
    return found


def _row(table: str, values: tuple[object, ...]) -> Row:
    return {name: None if value is None else str(value) for name, value in zip(KEYS[table], values, strict=True)}
