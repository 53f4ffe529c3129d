"""Identifiers: right and wrong check digits, placeholders, and numbers in the wrong field."""

from collections.abc import Callable
from random import Random

import pyarrow as pa
import pytest

from transforms.converters.check_digits import (
    CREDIT,
    IDENTITY_CHECK,
    identity_check,
    is_organisation,
    registration_good,
)
from transforms.converters.registry import get

Read = Callable[..., tuple[object, set[str]]]
CODE = "91350100M000100Y43"

CREDIT_CODES = [
    *((text, CODE) for text in (CODE, CODE.lower(), "９１３５０１００Ｍ０００１００Ｙ４３", "91350100 M000100Y 43")),
    ("91110000600037341L", "91110000600037341L"),
    ("911100007109250324", "911100007109250324"),
    ("91350100-M000100Y4-3", CODE),
    *((text, CODE) for text in (f"'{CODE}", f'="{CODE}"', f"“{CODE}”", f"\t{CODE}")),
]
CREDIT_WRONG = [
    *((CODE[:-1] + sign, "CREDIT_CODE_CHECK_DIGIT") for sign in "0124XY"),
    ("91350100M000100Y34", "CREDIT_CODE_CHECK_DIGIT"),
    ("0" * 17 + "X", "CREDIT_CODE_PLACEHOLDER"),
    ("1" * 18, "CREDIT_CODE_PLACEHOLDER"),
    ("9" * 18, "CREDIT_CODE_PLACEHOLDER"),
    ("91" + "0" * 15 + "X", "CREDIT_CODE_PLACEHOLDER"),
    ("9135", "CREDIT_CODE_LENGTH"),
    (CODE + "0", "CREDIT_CODE_LENGTH"),
    ("无代码", "CREDIT_CODE_LENGTH"),
    ("91350***********43", "CREDIT_CODE_MASKED"),
    ("9135O1OOMOOO1OOY43", "CREDIT_CODE_ALPHABET"),
    ("91350100MO00100Y43", "CREDIT_CODE_ALPHABET"),
    ("9l350100M000100Y43", "CREDIT_CODE_CHECK_DIGIT"),
    ("91350100M000100O43", "CREDIT_CODE_ALPHABET"),
    ("91350100M000I00Y43", "CREDIT_CODE_ALPHABET"),
    ("Q1350100M000100Y43", "CREDIT_CODE_FIRST_CHARACTER"),
    ("91990100M000100Y43", "CREDIT_CODE_REGION"),
    ("9135A100M000100Y43", "CREDIT_CODE_REGION"),
    ("11010519491231002X", "CREDIT_CODE_IS_IDENTITY_NUMBER"),
]
IDENTITY_WRONG = [
    ("110105194912310021", "ID_CHECK_DIGIT"),
    ("110105194912310029", "ID_CHECK_DIGIT"),
    ("11010519491231002Y", "ID_SHAPE"),
    ("1101051949123100", "ID_SHAPE"),
    ("000000000000000000", "ID_REGION"),
    ("99010519491231002X", "ID_REGION"),
    ("11010519491331002X", "ID_BIRTH_DATE"),
    ("11010518491231002X", "ID_BIRTH_DATE"),
    ("11010520991231002X", "ID_BIRTH_DATE"),
    ("110105491331002", "ID_BIRTH_DATE"),
    ("110105491231998", "ID_CENTURY_UNCLEAR"),
    ("护照E12345678", "ID_SHAPE"),
    ("110105********002X", "ID_MASKED"),
    ("110105194912310O2X", "ID_SHAPE"),
    ("11010519491231002Х", "ID_SHAPE"),  # a Cyrillic letter
]


@pytest.mark.parametrize(("text", "expected"), CREDIT_CODES)
def test_credit_codes(read: Read, text: str, expected: str) -> None:
    assert read("credit_code", text) == (expected, set())


@pytest.mark.parametrize(("text", "code"), CREDIT_WRONG)
def test_wrong_credit_codes_have_no_value(read: Read, text: str, code: str) -> None:
    assert read("credit_code", text) == (None, {code})


def test_exactly_one_check_digit_fits(read: Read) -> None:
    fitting = [sign for sign in CREDIT if read("credit_code", CODE[:-1] + sign)[0]]
    assert fitting == ["3"]
    fitting = [sign for sign in IDENTITY_CHECK if read("identity_number", "11010519491231002" + sign)[0]]
    assert fitting == ["X"]


def test_the_inner_organisation_code_is_asked(read: Read) -> None:
    """Right outside, wrong inside: among the 31 last signs one fits the whole, and the inner code is still wrong."""
    found = {
        code
        for sign in CREDIT
        for code in read("credit_code", "91350100M000100Z4"[:15].replace("Z", "Y") + "Y5" + sign)[1]
    }
    assert "CREDIT_CODE_ORG_CHECK_DIGIT" in found


def test_a_check_digit_of_zero_is_right() -> None:
    """The classic mistake is to expect 31 where the remainder is zero."""
    bases = [f"9133010{n:01}MA2{m:05}" for n in range(1, 9) for m in range(400)]
    column = pa.array([base[:16] + org + last for base in bases[:600] for org in "0123456789X" for last in "0"])
    found = get("credit_code")(column, {}).values.drop_null()
    assert len(found) > 0
    assert all(value.as_py()[-1] == "0" for value in found)


@pytest.mark.parametrize(
    ("text", "codes"),
    [("11010519491231002X", set()), ("11010519491231002x", set()), ("110105491231002", {"ID_UPGRADED"})],
)
def test_identity_numbers(read: Read, text: str, codes: set[str]) -> None:
    assert read("identity_number", text) == ("11010519491231002X", codes)


@pytest.mark.parametrize(("text", "code"), IDENTITY_WRONG)
def test_wrong_identity_numbers_have_no_value(read: Read, text: str, code: str) -> None:
    assert read("identity_number", text) == (None, {code})


@pytest.mark.parametrize(
    ("front", "codes"),
    [
        ("110105", set()),
        ("110103", set()),  # 崇文区, until 2010: cards keep the code of their time
        ("532225", set()),
        ("539999", {"ID_REGION_UNKNOWN"}),
    ],
)
def test_an_old_region_is_one_and_an_unknown_one_only_warns(read: Read, front: str, codes: set[str]) -> None:
    number = f"{front}19491231002"
    number += identity_check(number)
    assert read("identity_number", number) == (number, codes)


def test_birth_dates_are_bounded_by_the_day_named(read: Read) -> None:
    assert read("identity_number", "11010519491231002X", as_of="1949-12-30") == (None, {"ID_BIRTH_DATE"})
    assert read("identity_number", "11010519491231002X", as_of="1949-12-31")[1] == set()


@pytest.mark.parametrize(
    ("text", "value", "codes"),
    [
        ("60003734-1", "600037341", set()),
        ("600037341", "600037341", set()),
        ("71092503-2", "710925032", set()),
        ("600037342", None, {"ORG_CODE_CHECK_DIGIT"}),
        ("71092503-X", None, {"ORG_CODE_CHECK_DIGIT"}),
        ("00000000-0", None, {"ORG_CODE_PLACEHOLDER"}),
        ("6000373", None, {"ORG_CODE_SHAPE"}),
    ],
)
def test_organisation_codes(read: Read, text: str, value: str | None, codes: set[str]) -> None:
    assert read("org_code", text) == (value, codes)


@pytest.mark.parametrize(
    ("text", "value", "codes"),
    [
        ("110108000000016", "110108000000016", set()),
        ("440301103097413", "440301103097413", set()),
        ("110108000000017", "110108000000017", {"REG_NO_CHECK_DIGIT"}),
        ("110105491231003", "110105491231003", {"REG_NO_LOOKS_LIKE_IDENTITY"}),
        ("1101081234567", "1101081234567", {"REG_NO_LEGACY"}),
        ("企合京总字第000001号", "企合京总字第000001号", {"REG_NO_LEGACY"}),
        ("000000000000000", None, {"REG_NO_PLACEHOLDER"}),
        ("12345", None, {"REG_NO_SHAPE"}),
    ],
)
def test_registration_numbers(read: Read, text: str, value: str | None, codes: set[str]) -> None:
    assert read("registration_number", text) == (value, codes)


def test_registration_numbers_are_checked_by_columns_as_one_by_one() -> None:
    numbers = [f"{random:015d}" for random in Random(1).sample(range(10**14, 10**15), 3000)] + ["1" * 15, "0" * 15]
    done = get("registration_number")(pa.array(numbers), {})
    wrong = {row for flag in done.flags for row in flag.rows.tolist()}
    assert wrong == {row for row, number in enumerate(numbers) if not registration_good(number) or row >= 3000}
    assert 200 < 3002 - len(wrong) < 400


def test_organisation_codes_are_checked_by_columns_as_one_by_one() -> None:
    codes = [
        f"{serial:08d}{'-' * (serial % 2)}{check}"
        for serial in range(70_000_000, 70_000_200)
        for check in "0123456789X"
    ]
    done = get("org_code")(pa.array([*codes, "11111111-2"]), {})
    good = [code.replace("-", "") for code in codes if is_organisation(code.replace("-", ""))]
    assert [value for value in done.values.to_pylist() if value] == good
    assert len(good) == 200
    assert {flag.code: len(flag.rows) for flag in done.flags} == {
        "ORG_CODE_CHECK_DIGIT": 2000,
        "ORG_CODE_PLACEHOLDER": 1,
    }
