"""Rows of one version read in another: renamed, not there yet, gone, or missing without a word."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from schemas.errors import ConfigurationError, StandardError
from schemas.standard import RecordType, standard
from schemas.version_files import version_file
from transforms.across_versions import Origins, lift
from transforms.outgoing import compile_profile, to_receiver

WORDS = {"zh": "说明", "en": "meaning"}
TEXT = {"title": "甲", "x-title-en": "a", "type": ["string", "null"], "x-kind": "text", "x-personal": "none"}
DAY, MONEY = TEXT | {"x-kind": "date"}, TEXT | {"x-kind": "money"}
CHANGE = {
    "record_types": {
        "penalty": {
            "renamed": {"remarks": {"to": "notes", **WORDS}},
            "added": {
                "channel": {"schema": TEXT, "existing": "窗口", **WORDS},
                "seen_on": {"schema": DAY, "existing": "2030-01-01", **WORDS},
                "paid": {"schema": MONEY, "existing": "0", **WORDS},
                "blank": {"schema": MONEY, **WORDS},
            },
            "removed": {"party_tax_number": WORDS},
        }
    },
    "code_lists": {"penalty_kind": {"renamed": {"罚款": {"to": "罚金", **WORDS}}}},
}
Kinds = Callable[[str], RecordType]


@pytest.fixture
def penalty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kinds:
    own = tmp_path / "standards" / "enforcement" / "1.2"
    (own / "codes").mkdir(parents=True)
    (own / "standard.yaml").write_text('based_on: "1.1"\nin_force: {from: 2030-01-01}\n', encoding="utf-8")
    (own / "upgrade.yaml").write_text(yaml.safe_dump(CHANGE, allow_unicode=True), encoding="utf-8")
    rows = version_file("enforcement", "1.1", "codes/penalty_kind.csv").read_text(encoding="utf-8")
    (own / "codes" / "penalty_kind.csv").write_text(rows.replace("\n罚款,", "\n罚金,"), encoding="utf-8")
    monkeypatch.setenv("GUIJI_CATALOG", str(tmp_path))
    return lambda version: standard("enforcement", version).record_types["penalty"]


def _row(kind: RecordType, **values: Any) -> pa.Table:
    return pa.Table.from_pylist([values], kind.arrow_schema())


def _sent(kind: RecordType, table: pa.Table, **fields: Any) -> dict[str, Any]:
    profile = compile_profile({"profile": "p", "version": "1", "fields": fields}, kind, "r/p.yaml")
    rows: list[dict[str, Any]] = to_receiver(table, profile).table.to_pylist()
    return rows[0]


def test_a_column_gained_between_prepare_and_seal_has_what_the_upgrade_says(penalty: Kinds) -> None:
    """The load was prepared when 1.1 held its day; by the time it is sealed, 1.2 does."""
    prepared = _row(penalty("1.1"), party_name="甲", remarks="乙", fine_amount=Decimal("12"))
    sent = _sent(
        penalty("1.2"), prepared,
        A={"from": "party_name"}, B={"from": "notes"}, C={"from": "channel"}, D={"from": "blank", "as": "wan_yuan"},
        E={"from": "paid", "as": "wan_yuan"}, F={"from": "seen_on", "as": "date", "format": "YYYY/MM/DD"},
        G={"from": "fine_amount", "as": "yuan"},
    )  # fmt: skip
    assert sent == {"A": "甲", "B": "乙", "C": "窗口", "D": None, "E": "0.000000", "F": "2030/01/01", "G": "12"}


def test_the_canonical_form_of_a_column_that_is_missing_is_null(penalty: Kinds) -> None:
    kind = penalty("1.1")
    profile = compile_profile({"profile": "p", "version": "1", "fields": "canonical"}, kind, "r/p.yaml")
    sent = to_receiver(_row(penalty("1.0"), party_name="甲"), profile).table
    assert sent.column_names == list(kind.names)
    assert sent["publicity_class"].to_pylist() == [None]


def test_a_profile_written_for_a_later_version_sends_the_loads_of_earlier_ones(penalty: Kinds) -> None:
    old = _row(penalty("1.0"), remarks="乙", party_tax_number="1")
    assert _sent(penalty("1.0"), old, B={"from": "notes"}, C={"from": "channel"}) == {"B": "乙", "C": "窗口"}
    new = _row(penalty("1.2"), notes="乙")
    assert _sent(penalty("1.2"), new, B={"from": "remarks"}) == {"B": "乙"}, "and one that keeps the old name"


def test_a_field_that_is_gone_is_refused_before_anything_is_sent(penalty: Kinds) -> None:
    fields = {"T": {"from": "party_tax_number"}}
    with pytest.raises(ConfigurationError, match=r"r/p\.yaml: fields\.T: version 1\.2 .* no longer has party_tax"):
        compile_profile({"profile": "p", "version": "1", "fields": fields}, penalty("1.2"), "r/p.yaml")
    old = _row(penalty("1.1"), party_tax_number="1")
    assert _sent(penalty("1.1"), old, **fields) == {"T": "1"}


def test_a_column_that_is_missing_without_a_word_is_a_typed_error_with_a_remedy(penalty: Kinds) -> None:
    kind = penalty("1.1")
    without = _row(kind, party_name="甲").drop_columns(["party_name"])
    profile = compile_profile({"profile": "p", "version": "1", "fields": "canonical"}, kind, "r/p.yaml")
    with pytest.raises(StandardError, match=r"fields\.party_name: .* no column party_name → .*guiji replay"):
        to_receiver(without, profile)
    retyped = _row(kind).set_column(kind.names.index("decision_date"), "decision_date", pa.array(["x"]))
    with pytest.raises(StandardError, match=r"column decision_date .* is string, the field is date32"):
        to_receiver(retyped, profile)


def test_lifting_renames_fields_and_codes_and_fills_what_is_new(penalty: Kinds) -> None:
    written = _row(penalty("1.0"), remarks="乙", penalty_kinds="警告;罚款", decision_date=date(2026, 1, 2))
    table = lift(written.append_column("_key", pa.array(["k"])), penalty("1.0"), penalty("1.2"))
    assert table.column_names == [*penalty("1.2").names, "_key"]
    row = table.to_pylist()[0]
    assert (row["notes"], row["penalty_kinds"], row["channel"], row["_key"]) == ("乙", "警告;罚金", "窗口", "k")
    assert (row["decision_date"], row["publicity_class"]) == (date(2026, 1, 2), None)


def test_an_origin_names_the_nearest_field(penalty: Kinds) -> None:
    with pytest.raises(ConfigurationError, match="did you mean fine_amount"):
        Origins(penalty("1.0")).of("fine_amont", "w")


def test_the_end_of_publicity_is_computed_where_the_department_is_silent(penalty: Kinds) -> None:
    kind, day = penalty("1.1"), date(2026, 5, 6)
    fields = {"Z": {"from": "publicity_until", "as": "date", "format": "YYYY/MM/DD", "computed": "publicity_until"}}
    said = {"decision_date": day, "penalty_kinds": "罚款"}
    assert _sent(kind, _row(kind, publicity_class="严重", **said), **fields) == {"Z": "2029/05/06"}
    own = _row(kind, publicity_class="严重", publicity_until=date(2027, 1, 1), **said)
    assert _sent(kind, own, **fields) == {"Z": "2027/01/01"}, "the department's own word stands"
    assert _sent(kind, _row(kind, **said), **fields) == {"Z": None}, "no class, no end"
    old = _row(penalty("1.0"), decision_date=date(2019, 6, 30), penalty_kinds="罚款")
    assert _sent(penalty("1.0"), old, **fields) == {"Z": None}, "1.0 has no class"
    partial = {"Z": {**fields["Z"], "accept": "partial"}}
    older = _row(kind, publicity_class="一般", decision_date=date(2026, 3, 31), penalty_kinds="罚款")
    assert (_sent(kind, older, **fields), _sent(kind, older, **partial)) == ({"Z": None}, {"Z": "2029/03/31"})


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"from": "publicity_until", "as": "date", "computed": "age"}, r"fields\.Z\.computed: is not known"),
        ({"from": "publicity_until", "as": "date", "accept": "partial"}, "nothing is computed"),
        ({"from": "publicity_until", "as": "date", "computed": "publicity_until", "accept": "no"}, r"Z\.accept"),
        ({"from": "party_name", "computed": "publicity_until"}, "only for a date of a penalty"),
    ],
)
def test_what_cannot_be_computed_is_refused(penalty: Kinds, spec: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        compile_profile({"profile": "p", "version": "1", "fields": {"Z": spec}}, penalty("1.1"), "r/p.yaml")
