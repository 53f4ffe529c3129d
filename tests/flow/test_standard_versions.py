"""The version of the standard follows the business date, from pull to receipt; a new version is nothing but data."""

import json
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from exchange import flow
from schemas.errors import StandardError
from schemas.standard import in_force
from schemas.version_files import version_file
from tests.flow.conftest import Install
from tests.flow.installation import Installation, edit

FEED = "market/penalty"
LAST_OF_1_0, FIRST_OF_1_1 = date(2026, 3, 31), date(2026, 4, 1)
BEFORE, AFTER = date(2026, 6, 30), date(2026, 7, 1)
WORDS = {"zh": "说明", "en": "meaning"}
NEW_KIND = "责令退款"
TEXT = {
    "title": "办理渠道",
    "x-title-en": "channel",
    "type": ["string", "null"],
    "x-kind": "text",
    "x-personal": "none",
}
RENAMED = {"renamed": {"remarks": {"to": "notes", **WORDS}}}
CHANGE: dict[str, Any] = {
    "record_types": {"penalty": RENAMED},
    "code_lists": {"penalty_kind": {"added": {NEW_KIND: WORDS}}},
}
COMPUTED = "format: YYYY/MM/DD, computed: publicity_until}"


def test_what_landed_before_the_date_is_sealed_after_it_under_its_own_version(install: Install) -> None:
    """The mapping and the province's profile are ready for 1.1 before its date; both nights are sealed after it."""
    at = install(rows=40, only=FEED)
    asked = f"{COMPUTED}\n  X_LB: {{from: publicity_class}}\n  CF_CFJG:"
    edit(at.root / "receivers/province/penalty.yaml", f"{COMPUTED}\n  CF_CFJG:", asked)
    _source(at, "UPDATE xzcf SET sxlb = '严重'")
    site = at.site()
    for day in (LAST_OF_1_0, FIRST_OF_1_1):
        flow.pull_and_land(site, FEED, day)
    flow.normalize_and_validate(site, FEED)
    assert _standards(at) == {"2026-03-31": "enforcement/1.0", "2026-04-01": "enforcement/1.1"}
    for code in ("province", "nation"):
        flow.seal_and_deliver(site, FEED, code)
    flow.reconcile_and_report(site, FEED, FIRST_OF_1_1)
    site.ledger.engine.dispose()
    assert at.balance(FEED).state == "closed"
    nation, province = _records(at, "nation"), _records(at, "province")
    assert {revision for _, revision in nation} == {1, 2}, "each key has a version under either standard"
    assert all(("publicity_class" in line) == (revision == 2) for (_, revision), line in nation.items())
    assert {line["publicity_class"] for (_, revision), line in nation.items() if revision == 2} == {"严重"}
    assert {(revision, line["X_LB"]) for (_, revision), line in province.items()} == {(1, None), (2, "严重")}


def test_a_version_that_leaves_a_record_type_alone_sends_nothing_again(install: Install) -> None:
    """1.1 adds nothing to a licence: the same rows under either version are the same revision."""
    at = install(rows=40, only="market/licence")
    for day in (LAST_OF_1_0, FIRST_OF_1_1):
        flow.run(at.site(), "market/licence", day)
    first, second = _ask(at, "SELECT standard, new_versions, unchanged FROM load ORDER BY id")
    assert (first[0], second[0]) == ("enforcement/1.0", "enforcement/1.1")
    assert first[1] > 0
    assert second[1] == 0
    assert second[2] > 0


def test_a_version_of_data_alone_renames_a_field_and_adds_a_code_from_its_date(install: Install) -> None:
    at = install(rows=40, only=FEED)
    _add_version(at.root / "standards" / "enforcement" / "1.2")
    assert [in_force("enforcement", day).version for day in (BEFORE, AFTER)] == ["1.1", "1.2"]
    fine = "SELECT id FROM xzcf WHERE zt <> '撤销' AND cfzl = '警告' ORDER BY id LIMIT 3"
    _source(at, f"UPDATE xzcf SET cfzl = '{NEW_KIND}', bz = '退款' WHERE id IN ({fine})")
    _run(at, BEFORE)
    held = at.balance(FEED).quarantined
    assert held is not None
    assert _found(at)["CODE_UNKNOWN", "penalty_kinds"] == 3
    _run(at, AFTER)
    assert at.balance(FEED).state == "closed"
    assert at.balance(FEED).quarantined == held - 3, "the new code is known from its date"
    assert _standards(at) == {"2026-06-30": "enforcement/1.1", "2026-07-01": "enforcement/1.2"}
    nation, province = _records(at, "nation"), _records(at, "province")
    latest = {key: nation[key, revision] for key, revision in sorted(nation)}
    assert all("notes" in line and "remarks" not in line for line in latest.values())
    sent = [key for key, line in latest.items() if line["penalty_kinds"] == NEW_KIND]
    assert sent
    assert {latest[key]["notes"] for key in sent} == {"退款"}
    arrived = {line["BZ"] for line in province.values() if line["CF_CFLB"] == NEW_KIND}
    assert arrived == {"退款"}, "the province's profile still says remarks"


def _add_version(own: Path, change: dict[str, Any] = CHANGE, since: date = AFTER) -> None:
    (own / "codes").mkdir(parents=True)
    (own / "standard.yaml").write_text(f'based_on: "1.1"\nin_force: {{from: {since}}}\n', encoding="utf-8")
    (own / "upgrade.yaml").write_text(yaml.safe_dump(change, allow_unicode=True), encoding="utf-8")
    rows = version_file("enforcement", "1.1", "codes/penalty_kind.csv").read_text(encoding="utf-8")
    (own / "codes" / "penalty_kind.csv").write_text(f"{rows}{NEW_KIND},refund,6,,,,,no\n", encoding="utf-8")


def _run(at: Installation, day: date) -> None:
    flow.run(at.site(), FEED, day)


def _source(at: Installation, *statements: str) -> None:
    with closing(sqlite3.connect(at.world.state / "market.sqlite")) as source, source:
        for statement in statements:
            source.execute(statement)


def _ask(at: Installation, query: str) -> list[Any]:
    site = at.site()
    with site.ledger.read() as connection:
        rows = connection.execute(text(query)).all()
    site.ledger.engine.dispose()
    return list(rows)


def _standards(at: Installation) -> dict[str, str]:
    return {row[0]: row[1] for row in _ask(at, "SELECT business_date, standard FROM load")}


def _found(at: Installation) -> Counter[tuple[str, str]]:
    return Counter((row[0], row[1]) for row in _ask(at, "SELECT code, field FROM finding"))


def _records(at: Installation, code: str) -> dict[tuple[str, int], dict[str, Any]]:
    """What a receiver took in: (cd_id, revision) → the record as it arrived."""
    taken = [one for one in at.receiver(code).applied() if one.operation != "d"]
    return {(one.cd_id, one.revision): json.loads(one.line) for one in taken}


def test_a_load_prepared_before_its_version_gained_a_column_is_sealed_by_the_upgrades_word(install: Install) -> None:
    """The date of 1.2 is moved before the load's own, between prepare and seal."""
    at = install(rows=40, only=FEED)
    site = at.site()
    flow.pull_and_land(site, FEED, BEFORE)
    flow.normalize_and_validate(site, FEED)
    own = at.root / "standards" / "enforcement" / "1.2"
    added = {"channel": {"schema": TEXT, "existing": "窗口", **WORDS}}
    _add_version(own, {**CHANGE, "record_types": {"penalty": {**RENAMED, "added": added}}}, date(2026, 6, 1))
    flow.seal_and_deliver(site, FEED, "nation")
    lines = _records(at, "nation").values()
    assert lines
    assert {line["channel"] for line in lines} == {"窗口"}
    assert all("notes" in line and "remarks" not in line for line in lines)
    site.ledger.engine.dispose()


def test_a_column_nobody_explained_stops_the_seal_with_a_remedy(install: Install) -> None:
    """A version that is a whole folder of its own says nothing of records that are there already."""
    at = install(rows=40, only=FEED)
    site = at.site()
    flow.pull_and_land(site, FEED, BEFORE)
    flow.normalize_and_validate(site, FEED)
    kind = json.loads(version_file("enforcement", "1.0", "penalty.schema.json").read_text(encoding="utf-8"))
    kind["properties"] |= {"silent": TEXT}
    whole = at.root / "standards" / "enforcement" / "2.0"
    whole.mkdir(parents=True)
    (whole / "standard.yaml").write_text("in_force: {from: 2026-06-20}\n", encoding="utf-8")
    (whole / "penalty.schema.json").write_text(json.dumps(kind, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(StandardError, match=r"fields\.silent: .* no column silent → .*guiji replay"):
        flow.seal_and_deliver(site, FEED, "nation")
    assert not at.receiver("nation").applied()
    site.ledger.engine.dispose()
