"""A record with lists: its digest, its form for a receiver, what the law keeps back; by the coercion case."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from schemas.errors import ConfigurationError
from schemas.protected import protections
from schemas.standard import standard
from transforms.identity import business_keys, content_digests
from transforms.lists import elements, parents, put_back
from transforms.outgoing import compile_profile, seal_lines, to_receiver
from transforms.protected import protected_rows

CASE = standard("enforcement", "1.0").record_types["coercion_case"]
OLD, YOUNG = "110101199001011237", "110101201501011234"


def case(number: str, parties: list[dict[str, Any]] | None, measures: list[dict[str, Any]] | None = None) -> Any:
    whole: dict[str, Any] = {name: dict.fromkeys(kind.names) for name, kind in CASE.lists.items()}
    full = [{**whole["parties"], "case_number": number, **one} for one in parties] if parties is not None else None
    acts = [{**whole["measures"], "case_number": number, **one} for one in measures or []]
    row: dict[str, Any] = {**dict.fromkeys(CASE.names), "case_number": number, "filed_on": date(2026, 3, 1)}
    return row | {"parties": full, "measures": acts}


def table(*rows: Any) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=CASE.arrow_schema())


A, B = {"party_name": "甲", "line_number": "1"}, {"party_name": "乙", "line_number": "2"}


def digests(*rows: Any) -> list[str]:
    found: list[str] = content_digests(table(*rows), "enforcement/1.0").to_pylist()
    return found


def test_the_digest_sees_every_entry_and_no_order() -> None:
    same = digests(case("1", [A, B]), case("1", [B, A]))
    assert same[0] == same[1]
    others = digests(
        case("1", [A, B]), case("1", [A]), case("1", []), case("1", None), case("1", [A, A, B]),
        case("1", [A, {**B, "phone": "1"}]), case("1", [A, B], [{"frozen_amount": Decimal(1)}]),
    )  # fmt: skip
    assert len(set(others)) == len(others)


def test_the_digest_does_not_hang_on_the_neighbours() -> None:
    rows = [case("1", [A, B]), case("2", None), case("3", []), case("4", [B])]
    assert digests(*rows) == [digests(row)[0] for row in rows]
    assert content_digests(table(*rows).slice(2), "enforcement/1.0").to_pylist() == digests(*rows[2:])


def test_what_is_flattened_comes_back_as_it_was() -> None:
    column = table(case("1", [A, B]), case("2", None), case("3", []), case("4", [B]))["parties"].combine_chunks()
    for lists in (column, column.slice(1), column.slice(3), column.slice(0, 0)):
        assert put_back(elements(lists), lists).to_pylist() == lists.to_pylist()
    assert parents(column.slice(1)).tolist() == [2]


PROFILE: dict[str, Any] = {
    "profile": "t", "version": "1",
    "fields": {
        "AH": {"from": "case_number"},
        "DSR": {"from": "parties", "as": "list", "fields": {"XM": {"from": "party_name"}, "LX": {"constant": "01"}}},
        "CS": {"from": "measures", "as": "list", "fields": {
            "JE": {"from": "frozen_amount", "as": "wan_yuan"}, "RQ": {"from": "started_on", "as": "date"}}},
    },
}  # fmt: skip


def test_a_list_leaves_by_the_profiles_names_and_what_it_does_not_name_stays() -> None:
    secret = {"party_id_number": OLD, "phone": "13800000000", **A}
    act = {"frozen_amount": Decimal("12000"), "started_on": date(2026, 3, 2), "witness_at_sealing": "丙"}
    done = to_receiver(table(case("1", [secret, B], [act])), compile_profile(PROFILE, CASE, "receivers/t/case.yaml"))
    line = seal_lines(done.table, pa.table({"cd_id": ["x"]}))
    assert json.loads(line) == {
        "cd_id": "x", "AH": "1",
        "DSR": [{"XM": "甲", "LX": "01"}, {"XM": "乙", "LX": "01"}],
        "CS": [{"JE": "1.200000", "RQ": "2026-03-02"}],
    }  # fmt: skip


def test_an_entry_that_cannot_be_said_is_its_records() -> None:
    odd = {"frozen_amount": Decimal("0.001")}
    cases = [case("1", [A], [{"frozen_amount": Decimal(1)}]), case("2", [A], [odd, odd])]
    (flag,) = to_receiver(table(*cases), compile_profile(PROFILE, CASE, "t")).flags
    assert (flag.code, flag.field, flag.rows.tolist()) == ("OUTGOING_INEXPRESSIBLE", "measures[].frozen_amount", [1])


def test_the_canonical_form_sends_the_lists_whole() -> None:
    profile = compile_profile({"profile": "c", "version": "1", "fields": "canonical"}, CASE, "t")
    (line,) = seal_lines(to_receiver(table(case("1", [A])), profile).table, pa.table({"cd_id": ["x"]})).splitlines()
    assert json.loads(line)["parties"] == [{**dict.fromkeys(CASE.lists["parties"].names), "case_number": "1", **A}]


@pytest.mark.parametrize(
    "spec",
    [
        {"from": "parties"},
        {"from": "parties", "as": "list"},
        {"from": "case_number", "as": "list", "fields": {}},
        {"from": "case_number", "fields": {}},
        {"from": "parties", "as": "list", "fields": {"X": {"from": "frozen_amount"}}},
        {"from": "parties", "as": "list", "fields": {"X": {"from": "party_name", "as": "date"}}},
    ],
)
def test_a_profile_that_does_not_say_a_list_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        compile_profile({"profile": "t", "version": "1", "fields": {"A": spec}}, CASE, "receivers/t/case.yaml")
    assert "fields.A" in refusal.value.where


def test_what_the_entries_say_is_in_the_profiles_version() -> None:
    other = json.loads(json.dumps(PROFILE))
    other["fields"]["DSR"]["fields"]["XM"] = {"from": "line_number"}
    assert compile_profile(PROFILE, CASE, "t").version != compile_profile(other, CASE, "t").version


def test_one_young_party_or_a_sealed_measure_keeps_the_whole_case_back() -> None:
    rows = table(
        case("1", [A, {"party_id_number": OLD}]),
        case("2", [A, {"party_id_number": YOUNG}]),
        case("3", [{"birth_date": date(2014, 1, 1)}]),
        case("4", None),
        case("5", [A], [{"reasons": "依治安处罚法"}]),
    )
    flags = protected_rows(rows, protections(), CASE, date(2026, 3, 2))
    assert {(flag.code, flag.field, *flag.rows.tolist()) for flag in flags} == {
        ("PROTECTED_UNDER_14", "parties[].party_id_number", 1),
        ("PROTECTED_UNDER_14", "parties[].birth_date", 2),
        ("PROTECTED_SEALED_RECORD", "measures[].reasons", 4),
    }


def test_the_key_of_a_case_is_its_number() -> None:
    assert business_keys(table(case("案1", [A])), CASE).to_pylist() == ["案1"]
