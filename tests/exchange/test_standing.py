"""A pull's row is the old one by its bytes or by what it says, under its number at the source; else it has changed."""

import numpy as np
import pyarrow as pa
import pytest

from exchange.canonical import raw_digests
from exchange.ledger.corrections import Correction
from exchange.standing import Watch, given_of


def raw(*rows):
    table = pa.table({"id": [r[0] for r in rows], "facts": [r[1] for r in rows], "_row": list(range(len(rows)))})
    return table.set_column(0, "id", table["id"].cast(pa.string()))


def digest(row):
    return raw_digests(raw(row), np.ones(1, dtype=bool), "p")[0].as_py()


def correction(ref="1", old_key="k", key="k", row=("1", "bad")):
    return Correction(9, 0, digest(row), "says-bad", old_key, key, ref, "says-good")


def look(one, rows, keys=None, digests=None, refs=True, held=None):
    table, watch = raw(*rows), Watch([one])
    marks = {
        "_ref": pa.array([r[0] if refs else None for r in rows], pa.string()),
        "_key": pa.array(keys or ["k"] * len(rows), pa.string()),
        "_digest": pa.array(digests or ["x"] * len(rows), pa.string()),
        "_raw_digest": pa.array(held or [None] * len(rows), pa.string()),
    }
    watch.look(table, marks, "p", 100, late=False)
    return watch.finish()


def test_the_same_bytes_are_the_old_row_whatever_they_now_say():
    seen = look(correction(), [("0", "y"), ("1", "bad")])
    assert list(seen.rows) == [101]
    assert seen.ended == []


def test_other_bytes_that_say_the_same_are_still_the_old_row():
    assert list(look(correction(), [("1", "bad ")], digests=["says-bad"]).rows) == [100]


def test_a_row_that_says_something_else_ends_the_correction():
    seen = look(correction(), [("1", "better")])
    assert seen.rows == {}
    assert [c.ordinal for c in seen.ended] == [0]


def test_a_pull_without_the_row_says_nothing():
    seen = look(correction(), [("2", "bad")])
    assert (seen.rows, seen.ended) == ({}, [])


def test_the_old_row_beside_a_newer_one_of_its_number_has_not_ended():
    seen = look(correction(), [("1", "better"), ("1", "bad")])
    assert (list(seen.rows), seen.ended) == ([101], [])


@pytest.mark.parametrize(
    ("row", "key", "ended"), [(("1", "bad"), "k", 0), (("1", "new"), "k9", 1), (("1", "z"), "other", 0)]
)
def test_where_rows_have_no_number_the_key_or_the_bytes_tell(row, key, ended):
    one = correction(ref=None, key="k9")
    seen = look(one, [row], keys=[key], refs=False)
    assert len(seen.ended) == ended
    assert len(seen.rows) == (row[1] == "bad")


def test_a_row_without_number_or_key_is_known_by_its_bytes():
    one = correction(ref=None, old_key=None)
    assert list(look(one, [("1", "bad")], keys=[None], refs=False, held=[one.old_raw]).rows) == [100]


def test_what_a_landed_row_answers_is_read_back_with_its_place():
    landed = raw(("1", "a"), ("2", "b"))
    for name, values in {"subject": ["3", "V7"], "ticket": ["3", None], "version": [None, "7"], "old_raw": ["r", "s"],
                         "old_digest": ["d", "e"], "old_key": [None, "k"]}.items():  # fmt: skip
        landed = landed.append_column(f"_{name}", pa.array(values, pa.string()))
    given = given_of(landed, 40)
    assert given["ordinal"].to_pylist() == [40, 41]
    assert (given["ticket"].to_pylist(), given["version"].to_pylist()) == ([3, None], [None, 7])
