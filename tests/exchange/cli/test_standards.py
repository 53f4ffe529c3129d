"""What a new version asks of a catalog, and which records of real loads it would newly hold; told without content."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from exchange import flow
from exchange.canonical import CanonicalFile
from exchange.comparison import Need, needs
from exchange.comparison_rows import days_before, replay_rows
from exchange.site import Site
from sandbox.departments.market import MarketDepartment
from sandbox.generator import make_night
from schemas.catalog import HOUSE, Catalog
from schemas.contract import pair
from schemas.findings import severity
from schemas.version_files import version_file
from tests.exchange.cli.conftest import Guiji
from tests.flow.installation import edit

FEED = "market/penalty"
DAYS = (date(2026, 6, 28), date(2026, 6, 29))
WORDS = {"zh": "说明", "en": "meaning"}
TEXT = {"title": "甲", "x-title-en": "a", "type": ["string", "null"], "x-kind": "text", "x-personal": "none"}
CHANGE: dict[str, Any] = {
    "record_types": {
        "penalty": {
            "renamed": {"remarks": {"to": "notes", **WORDS}},
            "added": {"channel": {"schema": TEXT, **WORDS}},
            "removed": {"party_tax_number": WORDS},
            "changed": {"violation_facts": {"schema": {"maxLength": 20}, **WORDS}},
        },
        "licence": {"added": {"office": {"schema": TEXT | {"type": "string"}, "required": True, **WORDS}}},
    },
    "code_lists": {"penalty_kind": {"removed": {"警告": WORDS}}, "counterparty_category": {"added": {"港商": WORDS}}},
}


@dataclass
class Made:
    """A catalog whose version 1.2 is harder than 1.1, and two registered loads of one feed."""

    root: Path
    home: Path

    @property
    def env(self) -> dict[str, str]:
        ledger = f"sqlite:///{self.home / 'ledger.db'}"
        return {"GUIJI_CATALOG": str(self.root), "GUIJI_HOME": str(self.home), "GUIJI_LEDGER": ledger}

    def site(self) -> Site:
        return Site(self.home, self.env["GUIJI_LEDGER"], Catalog(self.root), lambda: datetime(2026, 7, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    root = tmp_path_factory.mktemp("catalog")
    for name in ("departments", "receivers"):
        shutil.copytree(HOUSE / name, root / name)
    _add_version(root / "standards" / "enforcement" / "1.2")
    edit(root / "departments/water/penalty.yaml", '"3": 自然人}}', '"3": 自然人, "9": 港商}}')
    words = "{from: party_category, as: words, words: {自然人: '3', 个体工商户: '2', 法人及非法人组织: '1'}}"
    edit(root / "receivers/province/penalty.yaml", "{from: party_category, as: text}", words)
    made = Made(root, root / "var")
    market = MarketDepartment(root / "market.sqlite")
    market.load(make_night(1, rows=80))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**made.env, "GUIJI_MARKET_URL": market.url}.items():
            patch.setenv(name, value)
        site = made.site()
        for day in DAYS:
            flow.pull_and_land(site, FEED, day)
            flow.normalize_and_validate(site, FEED)
            with closing(sqlite3.connect(root / "market.sqlite")) as source, source:
                source.execute("UPDATE xzcf SET bz = 'x' WHERE id IN (SELECT id FROM xzcf ORDER BY id LIMIT 5)")
        site.ledger.engine.dispose()
        yield made


def _add_version(own: Path) -> None:
    (own / "codes").mkdir(parents=True)
    (own / "standard.yaml").write_text('based_on: "1.1"\nin_force: {from: 2026-08-01}\n', encoding="utf-8")
    (own / "upgrade.yaml").write_text(yaml.safe_dump(CHANGE, allow_unicode=True), encoding="utf-8")
    kinds = version_file("enforcement", "1.1", "codes/penalty_kind.csv").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in kinds if not line.startswith("警告"))
    (own / "codes" / "penalty_kind.csv").write_text(text, encoding="utf-8")
    sorts = version_file("enforcement", "1.1", "codes/counterparty_category.csv").read_text(encoding="utf-8")
    (own / "codes" / "counterparty_category.csv").write_text(f"{sorts},港商,x,,no\n", encoding="utf-8")


@pytest.fixture(scope="module")
def asked(made: Made) -> list[Need]:
    return needs(Catalog(made.root), pair("enforcement", "1.1", "1.2"))


def test_what_breaks_is_told_first_with_its_file(asked: list[Need]) -> None:
    breaking = [need for need in asked if need.breaks]
    assert asked[: len(breaking)] == breaking
    told = {(need.file, need.en.split(":")[0]) for need in breaking}
    for department in ("market", "transport", "water"):
        assert (f"departments/{department}/licence.yaml", "does not compile") in told
        assert (f"departments/{department}/penalty.yaml", "does not compile") not in told
    assert ("receivers/province/penalty.yaml", "does not compile") in told, "it sends a field that is gone"
    assert any("party_tax_number" in need.zh for need in breaking if need.file == "receivers/province/penalty.yaml")
    assert ("receivers/province/penalty.yaml", "fields.CF_XDR_LB.words lacks codes that are new") in told
    assert any("required fields are not mapped: office" in need.zh for need in breaking)


def test_what_may_wait_is_told_too(asked: list[Need]) -> None:
    told = {(need.file, need.en) for need in asked if not need.breaks}
    mapping = "departments/market/penalty.yaml"
    assert (mapping, "field remarks is now notes; the old name still works") in told
    assert (mapping, "field party_tax_number is gone and no longer carried") in told
    assert (mapping, "may map the new optional field channel") in told
    canonical = next(need for need in asked if need.file == "receivers/nation/penalty.yaml")
    assert canonical.en.endswith("+channel, +notes, −party_tax_number, −remarks")


def test_a_code_that_is_gone_breaks_the_mapping_that_gives_it(made: Made) -> None:
    back = needs(Catalog(made.root), pair("enforcement", "1.2", "1.1"))
    lost = [need for need in back if "港商" in need.zh]
    assert [(need.file, need.breaks) for need in lost] == [("departments/water/penalty.yaml", True)]


def test_records_that_only_the_new_version_holds_are_counted_by_reason(made: Made) -> None:
    """Recounted here from the canonical rows themselves."""
    site = made.site()
    (found,) = replay_rows(site, pair("enforcement", "1.1", "1.2"), days_before(date(2026, 7, 1), 30))
    rows = CanonicalFile(site, 2).file.read().to_pylist()
    with site.ledger.read() as connection:
        seen = connection.exec_driver_sql("SELECT ordinal, code FROM finding WHERE load_id = 2").all()
    site.ledger.engine.dispose()
    held = {row[0] for row in seen if severity(row[1]) == "error"}
    keyed = [(number, row) for number, row in enumerate(rows) if row["_key"] is not None]
    sound = [row for number, row in keyed if number not in held]
    long = [row for row in sound if row["violation_facts"] and len(row["violation_facts"]) > 20]
    warned = [row for row in sound if "警告" in (row["penalty_kinds"] or "").split(";")]
    assert long
    assert warned
    assert (found.feed, found.loads, found.unreadable, found.records) == (FEED, 2, 0, len(keyed))
    assert found.held_before == len(keyed) - len(sound)
    assert found.why == {
        ("FIELD_TOO_LONG", "violation_facts"): len(long), ("CODE_UNKNOWN", "penalty_kinds"): len(warned)
    }  # fmt: skip
    assert found.newly == len({id(row) for row in [*long, *warned]})


def test_the_shipped_version_holds_nothing_new(made: Made) -> None:
    site = made.site()
    (found,) = replay_rows(site, pair("enforcement", "1.0", "1.1"), date(2026, 6, 1))
    assert (found.loads, found.newly, found.why) == (2, 0, {})
    assert found.records > found.held_before > 0
    assert replay_rows(site, pair("enforcement", "1.0", "1.1"), date(2026, 6, 30)) == []
    site.ledger.engine.dispose()


@pytest.mark.parametrize("how", ["deleted", "shredded"])
def test_a_load_whose_rows_are_gone_is_counted_as_unreadable(made: Made, tmp_path: Path, how: str) -> None:
    copy = Made(made.root, tmp_path / "var")
    shutil.copytree(made.home, copy.home)
    site = copy.site()
    if how == "deleted":
        shutil.rmtree(site.load_folder(2))
    else:
        site.vault.keys.destroy(site.load_scope(2), site.ledger.now)
    (found,) = replay_rows(site, pair("enforcement", "1.1", "1.2"), date(2026, 6, 1))
    site.ledger.engine.dispose()
    assert (found.loads, found.unreadable) == (2, 1)
    assert found.records > 0


def test_the_command_says_it_in_json_and_by_its_status(made: Made, guiji: Guiji) -> None:
    said = guiji("standards", "compare", "1.1", "1.2", "--last", "9000d", "--json", env=made.env)
    facts = json.loads(said.out)
    assert (said.status, facts["breaks"] > 0, facts["newly_held"] > 0) == (1, True, True)
    assert {item["what"] for item in facts["differences"]} >= {"field_renamed", "code_removed"}
    assert [item["feed"] for item in facts["replayed"]] == [FEED]
    assert {why["code"] for why in facts["replayed"][0]["why"]} == {"FIELD_TOO_LONG", "CODE_UNKNOWN"}
    assert "公司" not in said.out, "no party is named"


def test_the_command_says_it_in_words(made: Made, guiji: Guiji) -> None:
    said = guiji("standards", "compare", "1.1", "1.2", "--last", "9000d", env=made.env)
    for words in ("字段更名为 notes", "field renamed to notes", "✗ departments/market/licence.yaml", "新版将扣留",
                  "FIELD_TOO_LONG violation_facts", "CODE_UNKNOWN penalty_kinds"):  # fmt: skip
        assert words in " ".join(said.out.split()), words
    quiet = guiji("standards", "compare", "1.0", "1.1", env=made.env)
    assert [quiet.out.count(f"核实 verified {mark}）") for mark in ("yes", "partial", "no")] == [1, 1, 1]
    assert (quiet.status, "失信行为类别" in quiet.out, "新版将扣留" in quiet.out) == (0, True, False)
    listed = guiji("standards", "list", env=made.env)
    assert "enforcement 1.1  2026-04-01 – 2026-07-31" in listed.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("1.0", "7.7"), "version 7.7 of standard enforcement does not exist"),
        (("1.0", "1.1", "--last", "30"), "--last"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_line(guiji: Guiji, words: tuple[str, ...], told: str) -> None:
    said = guiji("standards", "compare", *words)
    assert (said.status, said.err.count("\n"), told in said.err) == (1, 1, True)
