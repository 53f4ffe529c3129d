"""A parameter that a converter does not take, or cannot take as it stands, is refused with what to write instead."""

from datetime import date

import pytest

from schemas.errors import ConfigurationError
from transforms.converters.cli_form import convert_lines
from transforms.converters.parameters import check_parameters
from transforms.converters.registry import get


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("text", {"traditional": "yes"}),
        ("date", {"excel_serial": 1900, "long_term": "yes"}),
        ("money", {"unit": "万元", "of": "fine"}),
        ("identity_number", {"as_of": date(2026, 1, 1)}),
        ("identity_number", {"as_of": "2026-01-01"}),
        ("boolean", {"true_words": "有|真", "false_words": "无"}),
        ("code:id_document_type", {"give": "word"}),
    ],
)
def test_what_converters_take(name: str, given: dict[str, object]) -> None:
    check_parameters(name, get(name), given, "d/p.yaml: fields.x")


@pytest.mark.parametrize(
    ("name", "given", "where", "remedy"),
    [
        ("money", {"units": "万元"}, "fields.x", "did you mean unit"),
        ("text", {"unit": "万元"}, "fields.x", "known: null_words, traditional"),
        ("text", {"traditional": True}, "fields.x.traditional", 'write "yes"'),
        ("date", {"excel_serial": 1905}, "fields.x.excel_serial", 'write "1900" or "1904"'),
        ("date", {"long_term": ["yes"]}, "fields.x.long_term", 'write "yes"'),
        ("identity_number", {"as_of": "2026-02-30"}, "fields.x.as_of", "2026-01-31"),
        ("identity_number", {"as_of": 20260131}, "fields.x.as_of", "2026-01-31"),
        ("boolean", {"true_words": ["有"]}, "fields.x.true_words", "separated by |"),
        ("boolean", {"true_words": ""}, "fields.x.true_words", "separated by |"),
        ("boolean", {"true_words": True}, "fields.x.true_words", "separated by |"),
        ("code:id_document_type", {"give": "name"}, "fields.x.give", '"word" or "code"'),
    ],
)
def test_what_they_refuse(name: str, given: dict[str, object], where: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_parameters(name, get(name), given, "d/p.yaml: fields.x")
    assert caught.value.where == f"d/p.yaml: {where}"
    assert remedy in caught.value.remedy


def test_the_command_refuses_them_before_the_first_line() -> None:
    with pytest.raises(ConfigurationError, match=r"--param.*unti.*did you mean unit"):
        next(convert_lines("money", [], {"unti": "万元"}))
    with pytest.raises(ConfigurationError, match=r"--param\.unit"):
        convert_lines("money", [], {"unit": "角"})
