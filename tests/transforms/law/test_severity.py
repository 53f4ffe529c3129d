"""Severity orders disagree, and each is told by its own table."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigurationError
from transforms.law.severity import (
    ORDERS,
    Heaviest,
    article_9_item,
    article_9_items,
    heaviest,
    heaviest_columns,
    penalty_kinds,
)

KINDS = st.lists(st.sampled_from([*penalty_kinds().items, "其他-补办", "不在表内"]), max_size=4).map(";".join)


@pytest.mark.parametrize(
    ("order", "kind", "step"),
    [("2021_shandong", "责令停产停业", 10), ("2021_datong", "吊销许可证件", 10), ("2019_layout", "吊销许可证件", 6)],
)
def test_provinces_disagree_on_revocation_against_closing_for_a_time(order, kind, step):
    assert heaviest("吊销许可证件;责令停产停业", order) == Heaviest((kind,), step)
    assert heaviest("责令停产停业;吊销许可证件", order) == Heaviest((kind,), step)


@pytest.mark.parametrize(("order", "steps"), [("2019_layout", 7), ("2021_datong", 11), ("2021_shandong", 13)])
def test_each_order_has_its_steps_without_a_gap(order, steps):
    assert sorted(set(penalty_kinds().steps[order].values())) == list(range(1, steps + 1))


@pytest.mark.parametrize("order", ORDERS)
def test_a_named_kind_beats_other(order):
    assert heaviest("其他-补办;警告", order) == Heaviest(("警告",), 1)
    assert heaviest("警告;其他", order) == Heaviest(("警告",), 1)
    assert heaviest("其他-补办", order) == Heaviest(("其他-补办",))


def test_two_confiscations_share_a_step_except_in_shandong():
    both = "没收违法所得;没收非法财物"
    assert heaviest(both, "2021_datong") == Heaviest(("没收违法所得", "没收非法财物"), 4)
    assert heaviest(both, "2021_shandong") == Heaviest(("没收非法财物",), 5)


def test_a_kind_the_layout_has_no_step_for_is_said():
    assert heaviest("罚款;通报批评", "2019_layout") == Heaviest(unranked=("通报批评",))
    assert heaviest("罚款;通报批评", "2021_datong") == Heaviest(("罚款",), 3)
    assert heaviest("罚金", "2021_datong") == Heaviest(unranked=("罚金",))


@pytest.mark.parametrize("text", [None, "", " ; "])
def test_no_kind_has_no_heaviest(text):
    assert heaviest(text, "2021_datong") == Heaviest()


def test_an_order_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ConfigurationError, match="2021_shandong"):
        heaviest("罚款", "2021_hangzhou")


@pytest.mark.parametrize(
    ("kind", "item"),
    [
        ("警告", 1), ("通报批评", 1), ("罚款", 2), ("没收违法所得", 2), ("没收非法财物", 2), ("暂扣许可证件", 3),
        ("降低资质等级", 3), ("吊销许可证件", 3), ("限制开展生产经营活动", 4), ("责令停产停业", 4), ("责令关闭", 4),
        ("限制从业", 4), ("行政拘留", 5), ("其他", 6), ("其他-补办", 6), ("罚金", None),
    ],
)  # fmt: skip
def test_items_of_article_9(kind, item):
    assert article_9_item(kind) == item


def test_items_of_a_column():
    column = pa.array(["罚款;警告", None, "罚金；其他-补办", "罚款;警告"])
    assert article_9_items(column).to_pylist() == [[2, 1], None, [None, 6], [2, 1]]


@settings(deadline=None)  # the first call reads the tables
@given(st.lists(st.none() | KINDS, max_size=20), st.sampled_from(ORDERS))
def test_a_column_agrees_with_its_values(texts, order):
    table = heaviest_columns(pa.array(texts, pa.string()), order)
    for text, row in zip(texts, table.to_pylist(), strict=True):
        found = heaviest(text, order)
        assert row["kind"] == ("、".join(found.kinds) or None)
        assert row["step"] == found.step
        assert row["unranked"] == (";".join(found.unranked) or None)


@settings(deadline=None)  # the first call reads the tables
@given(KINDS, st.sampled_from(ORDERS))
def test_the_heaviest_is_one_of_the_kinds_given(text, order):
    assert set(heaviest(text, order).kinds) <= set(text.split(";"))
