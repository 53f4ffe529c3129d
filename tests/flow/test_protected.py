"""Children's and sealed records in a real night: not one goes out, each is counted; a named basis lets them through."""

import sqlite3
from contextlib import closing

import pytest

from exchange.ledger.balance import load_balance, newest_loads
from sandbox.generator.layouts import LAYOUTS
from sandbox.generator.names import PERSON
from schemas.errors import ConfigurationError
from tests.flow.conftest import Install
from tests.flow.installation import RECEIVERS, Installation, edit
from tests.flow.oracle import applied_of
from transforms.converters.check_digits import identity_check

FEED = "market/penalty"
COLUMNS = LAYOUTS[FEED].columns
CHILD = "53010220150301001"
LAW = "《中华人民共和国治安管理处罚法》第二十六条"


def plant(at: Installation) -> tuple[str, str]:
    """Give one person the number of a child and another decision the sealed law; returns their document numbers."""
    number, person, category = COLUMNS["decision_number"], COLUMNS["party_id_number"], COLUMNS["party_category"]
    persons = LAYOUTS[FEED].writes.get("party_category", str)(PERSON)
    sound = {row[number] for row in at.world.truth().feeds[FEED].rows}
    with closing(sqlite3.connect(at.world.state / "market.sqlite")) as source, source:
        rows = source.execute(
            f'SELECT "{number}" FROM xzcf WHERE "{category}" = ? AND length("{person}") = 18 ORDER BY id', (persons,)
        ).fetchall()
        child, sealed = (row[0] for row in rows[:2])
        assert {child, sealed} <= sound
        change = f'UPDATE xzcf SET "%s" = ? WHERE "{number}" = ?'
        source.execute(change % person, (CHILD + identity_check(CHILD), child))
        source.execute(change % COLUMNS["legal_basis"], (LAW, sealed))
    return child, sealed


def sent_to(at: Installation, code: str) -> str:
    """Every line a receiver took."""
    return b"\n".join(one.line for ones in applied_of(at.receiver(code), FEED).values() for one in ones).decode()


def kept_back(at: Installation) -> dict[tuple[str, str, str], int]:
    """(receiver, code, field) → how many versions."""
    site = at.site()
    with site.ledger.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT receiver, code, field, COUNT(*) FROM withheld WHERE disposition = 'excluded' GROUP BY 1, 2, 3"
        ).all()
    excluded = [r.excluded for r in load_balance(site.ledger, newest_loads(site.ledger)[FEED], RECEIVERS).receivers]
    site.ledger.engine.dispose()
    assert sum(excluded) == sum(row[3] for row in rows)
    return {(receiver, code, field): count for receiver, code, field, count in rows}


def test_not_one_goes_out_and_each_is_counted(install: Install) -> None:
    at = install(only=FEED)
    plant(at)
    at.run(FEED)
    assert kept_back(at) == {
        (code, rule, field): 1
        for code in RECEIVERS
        for rule, field in (("PROTECTED_UNDER_14", "party_id_number"), ("PROTECTED_SEALED_RECORD", "legal_basis"))
    }
    for code in RECEIVERS:
        sent = sent_to(at, code)
        assert len(sent) > 1000
        assert CHILD not in sent
        assert "治安管理处罚" not in sent
    assert at.balance(FEED).state == "closed"


def test_a_profile_that_names_its_basis_gets_that_kind_and_no_other(install: Install) -> None:
    at = install(only=FEED)
    plant(at)
    profile = at.root / "receivers/nation/penalty.yaml"
    edit(profile, "fields: canonical", "fields: canonical\nprovide: {PROTECTED_SEALED_RECORD: 某法某条，法务会签某号}")
    at.run(FEED)
    assert "治安管理处罚" in sent_to(at, "nation")
    assert "治安管理处罚" not in sent_to(at, "province")
    assert CHILD not in sent_to(at, "nation") + sent_to(at, "province")
    assert sum(kept_back(at).values()) == 3


def test_a_basis_left_blank_stops_that_receiver_before_anything_leaves(install: Install) -> None:
    at = install(only=FEED)
    edit(
        at.root / "receivers/nation/penalty.yaml",
        "fields: canonical",
        'fields: canonical\nprovide: {PROTECTED_UNDER_14: ""}',
    )
    with pytest.raises(
        ConfigurationError, match=r"receivers/nation/penalty\.yaml: provide\.PROTECTED_UNDER_14: no legal basis"
    ):
        at.run(FEED)
    assert sent_to(at, "nation") == ""
    assert sent_to(at, "province") != ""
