"""The seeded nights: the same for a seed, changing as told, with dirt in the promised shares."""

import re
from collections import Counter

import pytest
from stdnum.cn import ric, uscc

from sandbox.generator import FEEDS, FeedNight, Night, make_night, penalty_table
from sandbox.generator.dirt import FATAL, REPAIRABLE
from sandbox.generator.layouts import LAYOUTS


@pytest.fixture(scope="module")
def nights() -> dict[int, Night]:
    return {number: make_night(number, seed=11, rows=1000) for number in (1, 2, 3)}


def _by_key(feed: str, night: FeedNight) -> dict[str, dict[str, str | None]]:
    return {str(row[LAYOUTS[feed].key]): row for row in night.rows}


def test_a_seed_gives_the_same_night_and_another_seed_another(nights: dict[int, Night]) -> None:
    assert make_night(2, seed=11, rows=1000) == nights[2]
    assert make_night(2, seed=12, rows=1000) != nights[2]


@pytest.mark.parametrize("feed", FEEDS)
def test_dirt_comes_in_the_promised_shares(feed: str, nights: dict[int, Night]) -> None:
    night = nights[1].feeds[feed]
    assert night.count("held") == 30
    assert night.count("duplicate") == 2
    assert night.count("repaired") + night.count("either") == 104
    assert len(night.rows) == 1004


@pytest.mark.parametrize("feed", ["market/penalty", "water/penalty", "transport/penalty"])
def test_every_class_of_dirt_is_met_in_penalties(feed: str, nights: dict[int, Night]) -> None:
    met = set(nights[1].feeds[feed].dirt())
    assert met == {one.name for one in (*FATAL, *REPAIRABLE)} | {"duplicate_exact", "duplicate_conflict"}


@pytest.mark.parametrize("feed", FEEDS)
def test_clean_rows_have_valid_codes_and_numbers(feed: str, nights: dict[int, Night]) -> None:
    night, columns = nights[1].feeds[feed], LAYOUTS[feed].columns
    for row in night.rows:
        if night.truth[str(row[columns["key"]])].outcome != "clean":
            continue
        code, person = row[columns["party_credit_code"]], row[columns["party_id_number"]]
        assert (code is None) != (person is None)
        assert code is None or uscc.is_valid(code)
        assert person is None or ric.is_valid(person)
        assert re.fullmatch(r"云.{1,4}〔2026〕\d+号|云.{1,4}〔2025〕\d+号", str(row[columns["decision_number"]]))


@pytest.mark.parametrize("feed", FEEDS)
def test_a_night_changes_what_its_truth_says_and_nothing_else(feed: str, nights: dict[int, Night]) -> None:
    before, after = _by_key(feed, nights[1].feeds[feed]), _by_key(feed, nights[2].feeds[feed])
    truth = nights[2].feeds[feed].truth
    differing = {key for key in after if before.get(key) != after[key]}
    assert differing == {key for key, one in truth.items() if one.operation}
    assert set(before) - set(after) == set(nights[2].feeds[feed].deleted)
    counted = Counter(one.operation for one in truth.values())
    assert counted["update"] == 50
    assert counted["revoke"] == 5
    assert counted["new"] == 10


@pytest.mark.parametrize("feed", FEEDS)
def test_some_corrections_are_taken_back_on_the_third_night(feed: str, nights: dict[int, Night]) -> None:
    rows = {number: _by_key(feed, night.feeds[feed]) for number, night in nights.items()}
    content = LAYOUTS[feed].columns["penalty_content" if feed.endswith("penalty") else "licence_content"]
    back = [key for key, one in nights[3].feeds[feed].truth.items() if one.operation == "revert"]
    assert len(back) == 17
    for key in back:
        assert rows[1][key][content] == rows[3][key][content] != rows[2][key][content]


@pytest.mark.parametrize("feed", FEEDS)
def test_late_rows_carry_times_behind_the_newest_of_the_night_before(feed: str, nights: dict[int, Night]) -> None:
    updated = LAYOUTS[feed].updated
    newest = max(str(row[updated]) for row in nights[1].feeds[feed].rows)
    tonight = nights[2].feeds[feed]
    late = {key for key, one in tonight.truth.items() if one.late}
    assert len(late) == 4
    assert all(str(row[updated]) < newest for key, row in _by_key(feed, tonight).items() if key in late)


def test_the_large_table_is_text_in_the_departments_own_columns() -> None:
    table = penalty_table(20_000, seed=5)
    assert table.num_rows == 20_000
    assert table.column_names == list(LAYOUTS["market/penalty"].columns.values())
    assert table.equals(penalty_table(20_000, seed=5))
