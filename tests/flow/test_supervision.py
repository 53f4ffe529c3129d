"""互联网+监管: inspections, coercions and other acts from a department's tables to the receiver's verdicts."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from exchange import flow
from exchange.ledger.balance import LoadBalance, load_balance, newest_loads
from exchange.report.annual import Annual
from exchange.report.annual_facts import Choice
from exchange.report.facts import night
from exchange.report.nightly import page
from exchange.site import Site
from sandbox.generator.supervision import Act, following, inspections
from sandbox.receivers import Receiver
from sandbox.receivers.rules import party_unknown
from schemas.annual_layouts import layout
from schemas.catalog import HOUSE, Catalog
from schemas.findings import registry

DAY = date(2026, 3, 2)
TABLES = {"inspection": "xzjc", "coercion": "xzqz", "other_act": "qtxw"}
INSPECTIONS = inspections(60, DAY)
ACTS = {"inspection": INSPECTIONS} | {kind: following(kind, INSPECTIONS, DAY) for kind in ("coercion", "other_act")}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Receiver]]:
    """Three feeds of one department, and the receiver; every feed has run once, inspections first."""
    home = tmp_path_factory.mktemp("supervision")
    shutil.copytree(HOUSE / "receivers", home / "receivers")
    shutil.copytree(Path(__file__).parent / "supervision", home / "departments" / "supervision")
    for kind, acts in ACTS.items():
        _load(home / "source.sqlite", TABLES[kind], acts)
    with Receiver("hlwjg", home) as receiver, pytest.MonkeyPatch.context() as patch:
        env = receiver.env() | {"GUIJI_SUPERVISION_URL": f"sqlite:///{home / 'source.sqlite'}"}
        for name, value in env.items():
            patch.setenv(name, value)
        made = Site(home / "var", f"sqlite:///{home / 'ledger.db'}", Catalog(home))
        made.home.mkdir()
        for kind in ACTS:
            flow.run(made, f"supervision/{kind}", DAY)
        yield made, receiver
        made.ledger.engine.dispose()


def _load(path: Path, table: str, acts: list[Act]) -> None:
    names = list(acts[0].row)
    with closing(sqlite3.connect(path)) as source, source:
        source.execute(f"CREATE TABLE {table} ({', '.join(names)})")
        marks = ",".join("?" * len(names))
        rows = [tuple(act.row[name] for name in names) for act in acts]
        source.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def _balance(site: Site, kind: str) -> LoadBalance:
    feed = f"supervision/{kind}"
    found = load_balance(site.ledger, newest_loads(site.ledger)[feed], ("hlwjg",))
    found.check()
    return found


@pytest.mark.parametrize("kind", list(ACTS))
def test_every_act_ends_where_it_must(site: tuple[Site, Receiver], kind: str) -> None:
    made, receiver = site
    arrived = {line["record_unique_identity"]: line for line in _arrived(receiver, kind)}
    refused = 0
    for act in ACTS[kind]:
        name = str(act.row["id"])
        if act.ends == "accepted" and name in arrived:
            assert {key: arrived[name][key] for key in act.leaves} == act.leaves
        elif act.ends == "accepted":
            refused += 1  # the party is unknown to the receiver, or its inspection's was
        assert act.ends == "accepted" or name not in arrived, name
    balance = _balance(made, kind)
    (said,) = balance.receivers
    assert balance.state == "closed"
    assert balance.quarantined == sum(act.ends == "held" for act in ACTS[kind])
    assert said.accepted == len(arrived)
    assert said.rejected == refused + sum(act.ends == "refused" for act in ACTS[kind])
    assert refused < 6
    assert len(arrived) > 30


def test_the_receiver_says_why_in_its_own_words(site: tuple[Site, Receiver]) -> None:
    made, _ = site
    with made.ledger.read() as connection:
        said = connection.execute(
            text("SELECT d.feed, m.code, m.text FROM delivery_member m JOIN delivery d ON d.id = m.delivery "
                 "WHERE m.outcome = 'rejected'")
        ).all()  # fmt: skip
    assert {row[0] for row in said if "check_personnel_code" in row[2]} == {"supervision/inspection"}
    assert {row[0] for row in said if row[1] == "3002"} == {"supervision/coercion", "supervision/other_act"}
    assert all("检查行为不存在" in row[2] for row in said if row[1] == "3002")


def test_the_findings_are_those_of_the_published_rules(site: tuple[Site, Receiver]) -> None:
    made, _ = site
    with made.ledger.read() as connection:
        found = {
            (row[0], row[1])
            for row in connection.execute(
                text(
                    "SELECT code, field FROM finding f JOIN load l ON l.id = f.load_id WHERE l.feed LIKE '%inspection'"
                )
            )
        }
    assert found >= {
        ("FIELD_PATTERN", "item_code"), ("FIELD_PATTERN", "implementation_item_code"), ("FIELD_PATTERN", "inspectors"),
        ("SUITE_REPORTED_AFTER_INSPECTION", "reported_on"), ("FIELD_REQUIRED", "inspection_number"),
        ("FIELD_REQUIRED", "party_name"), ("SUITE_INSPECTION_RESULT_LENGTH", "inspection_result"),
    }  # fmt: skip
    assert registry()["SUITE_INSPECTION_RESULT_LENGTH"].severity == "warning"


def test_a_link_that_leads_nowhere_is_a_figure_of_the_report_and_holds_nothing(site: tuple[Site, Receiver]) -> None:
    """Nowhere lead those to a held inspection, and the planted one; what the receiver turned away is known here."""
    made, _ = site
    feeds = {feed["name"]: feed for feed in night(made, DAY)["feeds"]}
    nowhere = sum(act.ends == "held" for act in INSPECTIONS) + 1
    for kind in ("coercion", "other_act"):
        links = {one["field"]: one for one in feeds[f"supervision/{kind}"]["quality"]["links"]}
        link = links.pop("inspection_number")
        assert link["feeds"] == ["supervision/inspection"]
        assert (link["dangling"], link["linked"]) == (nowhere, len(INSPECTIONS))
        assert {(name, one["type"], one["dangling"]) for name, one in links.items()} == {
            ("authority_code", "agency", None), ("item_code", "item", None)
        }, "no feed of agencies or items here: said, not counted"  # fmt: skip
        assert feeds[f"supervision/{kind}"]["balance"]["quarantined"] == 1
    filled = {one["field"]: (one["rows"], one["of"]) for one in feeds["supervision/coercion"]["quality"]["filled"]}
    assert filled["ended_on"] == (1, 60)
    shown = page(night(made, DAY))
    assert f"{nowhere}/60" in shown
    assert "数据记录完整性" in shown
    measured = {one["indicator"]: one for one in feeds["supervision/inspection"]["quality"]["measures"]}
    assert (measured["0305"]["numerator"], measured["0305"]["denominator"]) == (nowhere - 1, 60)


def test_the_annual_table_counts_inspections_where_a_feed_gives_them(site: tuple[Site, Receiver]) -> None:
    """All are of one year. What is held is left out; what the receiver turned away was done, and counts."""
    made, _ = site
    annual, wanted = Annual(made, DAY.year), layout("guangdong")
    facts = annual.result(wanted, Choice(), annual.records([wanted])).facts()
    cells = {cell["id"].partition(".")[2]: cell for table in facts["tables"] for cell in table["rows"][0]["cells"]}
    assert cells["inspection"]["value"] == str(sum(act.ends != "held" for act in INSPECTIONS))
    assert cells["inspection"]["feeds"] == ["supervision/inspection"]


def _arrived(receiver: Receiver, kind: str) -> list[dict[str, str]]:
    taken = [one for one in receiver.applied() if one.record_type == kind]
    assert not any(party_unknown(one.cd_id) for one in taken)
    return [json.loads(one.line) for one in taken]
