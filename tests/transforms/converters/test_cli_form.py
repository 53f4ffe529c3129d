"""`guiji convert`: lines of JSON in, lines of JSON out, never a traceback."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import ConfigurationError, UnknownConverter
from transforms.converters.cli_form import chunks_of, convert_chunks, convert_lines, named


def answer(name: str, line: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(next(convert_lines(name, [line])))
    return found


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("money", "1.2万元", "12000.00"),
        ("money", "0.5", "0.50"),
        ("money", "1.123456", "1.123456"),
        ("money", "0.000001", "0.000001"),
        ("money", "1亿元", "100000000.00"),
        ("date", "2023年5月6日", "2023-05-06"),
        ("datetime", "2023-05-06 15:30", "2023-05-06T15:30:00+08:00"),
        ("boolean", "是", True),
        ("text", "  行政 ", "行政"),
    ],
)
def test_values(name: str, text: str, value: object) -> None:
    assert answer(name, json.dumps(text)) == {"value": value, "findings": []}


def test_findings_carry_code_severity_and_words_but_never_the_value() -> None:
    found = answer("identity_number", '"110105194912310021"')
    assert found["value"] is None
    [finding] = found["findings"]  # type: ignore[misc]
    assert finding["code"] == "ID_CHECK_DIGIT"
    assert finding["severity"] == "error"
    assert "校验位" in finding["message"]
    assert "19491231" not in json.dumps(found)


def test_null_is_null() -> None:
    assert answer("date", "null\n") == {"value": None, "findings": []}


@pytest.mark.parametrize("line", ["", "abc", "12", "{}", '["a"]', '"open', '"\\ud800"', "[" * 100_000])
def test_a_line_that_is_no_json_string_is_told(line: str) -> None:
    assert answer("date", line)["error"]["type"] == "NotAJsonString"  # type: ignore[index]


def test_order_is_kept_over_many_lines() -> None:
    lines = [json.dumps(str(n)) if n % 7 else "broken" for n in range(2500)]
    answers = [json.loads(line) for line in convert_lines("money", lines)]
    assert len(answers) == 2500
    assert [("error" in a) for a in answers] == [n % 7 == 0 for n in range(2500)]
    assert answers[2498]["value"] == "2498.00"


def test_an_unknown_name_fails_at_once() -> None:
    with pytest.raises(UnknownConverter):
        convert_lines("dates", [])


@given(st.lists(st.text(max_size=30), max_size=5))
def test_one_answer_a_line(lines: list[str]) -> None:
    assert len(list(convert_lines("text", lines))) == len(lines)


def test_lines_are_answered_as_they_arrive_and_broken_bytes_stay_in_their_line() -> None:
    there, mine = os.pipe()
    with os.fdopen(there, "rb") as source, os.fdopen(mine, "wb", buffering=0) as sink:
        answers = convert_chunks("money", chunks_of(source))
        sink.write(b'\xef\xbb\xbf"1"\r\n')
        assert json.loads(next(answers))["value"] == "1.00"
        sink.write(b'"\xff"\n\n"2"')
        assert "error" in json.loads(next(answers))
        assert "error" in json.loads(next(answers))
        sink.close()
        assert [json.loads(line)["value"] for line in answers] == ["2.00"]


@pytest.mark.parametrize("given", [["unit"], ["=万元"], ["unit=元", "unit=万元"]])
def test_a_parameter_without_a_value_or_given_twice_is_told(given: list[str]) -> None:
    with pytest.raises(ConfigurationError, match=r"--param.*unit=万元"):
        named(given)
