"""Entries joined to their records as columns, against the same done by hand, row by row."""

import io
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from exchange.children import Children, children_of
from exchange.site import Site
from schemas.catalog import Catalog
from schemas.errors import ConfigurationError
from schemas.exchange import Part
from schemas.standard import standard
from transforms.converters.registry import get
from transforms.mapping import Plan, compile_mapping
from transforms.normalize import normalize

CASE = standard("enforcement", "1.0").record_types["coercion_case"]
YAML = Path(__file__).parents[1] / "flow" / "cases" / "coercion_case.yaml"
MAPPING: dict[str, Any] = {
    "source": {"table": "aj", "key": "id"},
    "fields": {"case_number": {"from": "ah"}},
    "children": {
        "parties": {"source": {"table": "d", "key": "i"}, "fields": {
            "case_number": {"from": "ah"}, "party_name": {"from": "mc"}, "birth_date": {"from": "rq", "as": "date"}}},
        "measures": {"source": {"table": "c", "key": "i"}, "fields": {"case_number": {"from": "ah"}}},
    },
}  # fmt: skip
PLAN = compile_mapping(MAPPING, CASE, "departments/x/coercion_case.yaml", get)
Rows = list[dict[str, str | None]]


def part(child: str, rows: Rows) -> Part:
    out = io.BytesIO()
    names = ("ah",) if child != "parties" else ("ah", "mc", "rq")
    pq.write_table(pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}), out)
    return Part(f"{child}-1", "parquet", iter([out.getvalue()]), child)


def opened(tmp_path: Path, parts: list[Part], plan: Plan = PLAN) -> Children:
    site = Site(tmp_path / "var", f"sqlite:///{tmp_path / 'ledger.db'}", Catalog(tmp_path))
    batch = site.landing.land("x/coercion_case", parts)
    made = children_of(site, 1, batch, plan, {"kind": "parquet"})
    site.ledger.engine.dispose()
    assert list(site.load_folder(1).iterdir()) == [], "nothing can be found of it"
    return made


def joined(children: Children, numbers: list[str | None]) -> tuple[pa.Table, set[tuple[str, str, int]], list[str]]:
    raw = pa.table({"ah": pa.array(numbers, pa.string()), "_row": pa.array(range(len(numbers)), pa.int64())})
    _, told, normal = children.join(0, raw, normalize(raw, PLAN))
    flags = {(flag.code, flag.field, row) for flag in normal.flags for row in flag.rows.tolist()}
    return normal.table, flags, told["parties[]"].to_pylist()


@pytest.mark.parametrize("seed", range(6))
def test_every_entry_comes_to_its_record_and_the_rest_stands_for_records(tmp_path: Path, seed: int) -> None:
    """Many parts, so many row groups; cases asked for in any order, twice, and without a number."""
    rng = Random(seed)
    numbers: list[str | None] = [f"n{k}" for k in range(30)]
    rows: list[Rows] = [
        [
            {"ah": rng.choice([*numbers, None]), "mc": f"m{p}/{k}", "rq": rng.choice(["2000-01-01", "x"])}
            for k in range(rng.randrange(12))
        ]
        for p in range(8)
    ]
    acts: Rows = [{"ah": rng.choice(numbers)} for _ in range(20)]
    children = opened(tmp_path, [part("", []), *(part("parties", some) for some in rows), part("measures", acts)])
    every = [row for some in rows for row in some]
    asked = [*rng.sample(numbers, 20), None, numbers[0], numbers[0]]
    for chunk in (asked[:7], asked[7:]):
        table, flags, _ = joined(children, chunk)
        for at, number in enumerate(chunk):
            own = [row for row in every if row["ah"] == number and number is not None]
            assert [one["party_name"] for one in table["parties"][at].as_py()] == [row["mc"] for row in own]
            assert len(table["measures"][at].as_py()) == sum(act["ah"] == number for act in acts)
            wrong = ("DATE_INVALID", "parties[].birth_date", at) in flags
            assert wrong == any(row["rq"] == "x" for row in own)
    there, seen = set(asked), list[tuple[str | None, list[str | None]]]()
    for place, raw, normal in children.orphans():
        records = normal.table.to_pylist()
        seen += [(one["case_number"], [p["party_name"] for p in one["parties"]]) for one in records]
        flagged = {row for f in normal.flags if f.code == "CHILD_WITHOUT_RECORD" for row in f.rows.tolist()}
        assert flagged == set(range(len(records)))
        assert raw["_row"].null_count == 0
        assert place > 0
    left = [row for row in every if row["ah"] is None or row["ah"] not in there]
    assert sorted(name for _, names in seen for name in names if name) == sorted(str(row["mc"]) for row in left)
    strays = {str(row["ah"]) for row in [*left, *acts] if row["ah"] and row["ah"] not in there}
    assert sorted(key for key, _ in seen if key) == sorted(strays)
    assert [names for key, names in seen if not key] == [[row["mc"]] for row in left if row["ah"] is None]


def test_another_bad_entry_is_another_raw_row(tmp_path: Path) -> None:
    rows: Rows = [
        {"ah": "1", "mc": "甲", "rq": "x"},
        {"ah": "2", "mc": "甲", "rq": "y"},
        {"ah": "3", "mc": "甲", "rq": "x"},
    ]
    _, _, told = joined(opened(tmp_path, [part("parties", rows)]), ["1", "2", "3", "4"])
    assert told[0] != told[1]
    assert told[3] == ""


def test_a_list_that_no_table_is_mapped_to_is_null_and_an_empty_table_gives_empty_lists(tmp_path: Path) -> None:
    table, flags, _ = joined(opened(tmp_path, [part("", [])]), ["1"])
    assert (table["parties"][0].as_py(), table["executions"][0].as_py(), flags) == ([], None, set())


CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "no such list": ({"children": {"partys": {}}}, "partys is not a key"),
    "a cursor": ({"source": {"table": "aj", "key": "id", "cursor": "gxsj"}}, "read whole every night"),
    "a sweep": ({"source": {"table": "aj", "key": "id", "sweep": "weekly"}}, "read whole every night"),
    "no fields": ({"children": {"parties": {"source": {}}}}, "source or fields is missing"),
    "a key too many": (
        {"children": {"parties": {"source": {}, "fields": {"case_number": {"from": "a"}}, "revoke": {}}}},
        "revoke is not a key",
    ),
    "no link": ({"children": {"parties": {"source": {}, "fields": {"phone": {"from": "a"}}}}}, "case_number"),
    "not its field": (
        {
            "children": {
                "parties": {"source": {}, "fields": {"case_number": {"from": "a"}, "frozen_amount": {"from": "b"}}}
            }
        },
        "is not a field",
    ),
    "a list as a field": ({"fields": {"case_number": {"from": "a"}, "parties": {"from": "b"}}}, "is a list"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_mapping_that_cannot_be_is_refused(name: str) -> None:
    change, words = CHANGES[name]
    with pytest.raises(ConfigurationError, match=words) as refusal:
        compile_mapping(MAPPING | change, CASE, "departments/x/coercion_case.yaml", get)
    assert refusal.value.where.startswith("departments/x/coercion_case.yaml")


def test_a_part_of_a_case_has_no_feed_of_its_own() -> None:
    kind = standard("enforcement", "1.0").record_types["coercion_party"]
    with pytest.raises(ConfigurationError, match="stands in the lists of coercion_case alone"):
        compile_mapping({"fields": {"case_number": {"from": "ah"}}}, kind, "departments/x/coercion_party.yaml", get)


def test_the_mapping_of_the_sandbox_is_one() -> None:
    plan = compile_mapping(yaml.safe_load(YAML.read_text(encoding="utf-8")), CASE, "x", get)
    assert set(plan.lists) == set(CASE.lists)
