"""Which column a penalty counts in, and which columns an unsettled one keeps from being numbers."""

import pyarrow as pa
import pytest

from exchange.report.annual_kinds import Columns
from schemas.annual_layouts import layout

SHANDONG = Columns.of(layout("shandong_2021").tables[0])
ZHEJIANG = Columns.of(layout("zhejiang_2024").tables[0])
SEVEN = Columns.of(layout("seven_steps_2019").tables[0])


@pytest.mark.parametrize(
    ("kinds", "order", "figure"),
    [
        ("罚款", "2021_shandong", "fine"),
        ("警告;罚款;没收违法所得", "2021_shandong", "confiscation_gains"),
        ("没收违法所得;没收非法财物", "2021_shandong", "confiscation_property"),
        ("责令停产停业;吊销许可证件", "2021_shandong", "stop_close_ban"),
        ("责令停产停业;吊销许可证件", "2021_datong", "revocation"),
        ("其他-补办;警告", "2021_shandong", "warning"),
        ("其他-补办", "2021_shandong", "other"),
    ],
)
def test_the_heaviest_kind_decides_and_orders_differ(kinds: str, order: str, figure: str) -> None:
    assert SHANDONG.place(kinds, order).figure == figure


@pytest.mark.parametrize(
    ("kinds", "figure", "touches"),
    [
        ("罚款", "fine", set()),
        ("警告;通报批评", "warning_criticism", set()),
        ("其他-补办;罚款", "fine", set()),
        ("其他", "other", set()),
        ("警告;罚款", "", {"warning_criticism", "fine"}),
    ],
)
def test_without_an_order_only_what_needs_none_is_placed(kinds: str, figure: str, touches: set[str]) -> None:
    place = ZHEJIANG.place(kinds, "")
    assert (place.figure, set(place.touches)) == (figure, touches)


def test_a_kind_without_a_step_leaves_open_where_the_decision_belongs() -> None:
    place = SEVEN.place("罚款;通报批评", "2019_layout")
    assert (place.figure, set(place.touches)) == ("", {"fine", "other"})
    assert set(SEVEN.place("通报批评", "2019_layout").touches) == {"other"}


def test_a_decision_without_kinds_might_belong_anywhere() -> None:
    assert set(SEVEN.place(None, "2019_layout").touches) == set(SEVEN.of_kind.values())
    assert set(ZHEJIANG.place(None, "").touches) == set(ZHEJIANG.of_kind.values())


def test_masks_say_the_same_row_by_row() -> None:
    column = pa.chunked_array([["罚款", "警告;罚款", None], ["警告"]])
    certain, maybe = ZHEJIANG.masks(column, "")
    assert certain["fine"].tolist() == [True, False, False, False]
    assert maybe["fine"].tolist() == [False, True, True, False]
    assert certain["warning_criticism"].tolist() == [False, False, False, True]
    assert maybe["detention"].tolist() == [False, False, True, False]
