"""`credit_code`, `org_code`, `registration_number`: which organisation.

Widths, case, spaces and hyphens are repaired; a letter is never taken for a digit. A check digit alone
is weak, so the first character, the region and the inner organisation code are asked as well.
No finding carries the number.
"""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.converters.check_digits import (
    CREDIT,
    credit_good,
    identity_good,
    is_credit,
    is_organisation,
    organisation_good,
    registration_good,
    registrations_good,
)
from transforms.converters.column import converter
from transforms.converters.contract import TEXT, Parameters, Reading, Sure
from transforms.converters.digits import fixed_width, is_masked, signs, sure
from transforms.converters.identity_number import born, is_identity
from transforms.converters.regions import NATIONAL, known_region, province_rows

FIRST = "123456789ANY"
REGISTRATION_WORDS = re.compile(r"[\u4e00-\u9fff0-9A-Za-z()（）〔〕\-/]*字第[0-9A-Za-z\-/]+号?")


def _same(text: str) -> bool:
    return len(set(text)) == 1


def _credit(text: str, parameters: Parameters) -> Reading:
    code = signs(text)
    fault = _credit_fault(code)
    return Reading(None, (fault,)) if fault else Reading(code)


def _credit_fault(code: str) -> str:
    if len(code) == 18 and (_same(code) or _same(code[:17]) or code[2:17] == "0" * 15):
        return "CREDIT_CODE_PLACEHOLDER"
    if is_identity(code):
        return "CREDIT_CODE_IS_IDENTITY_NUMBER"
    if is_masked(code):
        return "CREDIT_CODE_MASKED"
    if len(code) != 18:
        return "CREDIT_CODE_LENGTH"
    if any(sign not in CREDIT for sign in code):
        return "CREDIT_CODE_ALPHABET"
    if code[0] not in FIRST:
        return "CREDIT_CODE_FIRST_CHARACTER"
    if not (known_region(code[2:8]) or code[2:8] == NATIONAL):
        return "CREDIT_CODE_REGION"
    if not is_credit(code):
        return "CREDIT_CODE_CHECK_DIGIT"
    return "" if is_organisation(code[8:17]) else "CREDIT_CODE_ORG_CHECK_DIGIT"


def _credit_rows(column: pa.Array, parameters: Parameters) -> Sure:
    """Good codes by bytes; those that may be identity numbers or placeholders go the slow way."""
    rows, matrix = fixed_width(column, 18)
    good = credit_good(matrix) & organisation_good(matrix[:, 8:17]) & province_rows(matrix[:, 2:8], national=True)
    good &= np.isin(matrix[:, 0], np.frombuffer(FIRST.encode(), dtype=np.uint8))
    good[good] = ~identity_good(matrix[good]) & (matrix[good][:, 8:16] != matrix[good][:, 8:9]).any(axis=1)
    return sure(rows, good, column)


def _organisation(text: str, parameters: Parameters) -> Reading:
    code = signs(text)
    if len(code) == 9 and (_same(code) or _same(code[:8])):
        return Reading(None, ("ORG_CODE_PLACEHOLDER",))
    if not re.fullmatch("[0-9A-Z]{8}[0-9X]", code):
        return Reading(None, ("ORG_CODE_SHAPE",))
    return Reading(code) if is_organisation(code) else Reading(None, ("ORG_CODE_CHECK_DIGIT",))


def _organisation_rows(column: pa.Array, parameters: Parameters) -> Sure:
    """Good codes by bytes, the hyphen before the check sign taken out."""
    plain = pc.replace_substring(column, "-", "")
    rows, matrix = fixed_width(plain, 9)
    return sure(rows, organisation_good(matrix) & (matrix[:, :8] != matrix[:, :1]).any(axis=1), plain)


def _registration(text: str, parameters: Parameters) -> Reading:
    number = signs(text)
    if number and _same(number):
        return Reading(None, ("REG_NO_PLACEHOLDER",))
    if re.fullmatch("[0-9]{15}", number):
        return Reading(number, () if registration_good(number) else (_fifteen(number),))
    if re.fullmatch("[0-9]{13}", number) or REGISTRATION_WORDS.fullmatch(text):
        return Reading(number if number.isdecimal() else text, ("REG_NO_LEGACY",))
    return Reading(None, ("REG_NO_SHAPE",))


def _registration_rows(column: pa.Array, parameters: Parameters) -> Sure:
    rows, matrix = fixed_width(column, 15)
    return sure(rows, registrations_good(matrix) & (matrix != matrix[:, :1]).any(axis=1), column)


def _fifteen(number: str) -> str:
    """Fifteen digits that fail their check: an old identity number has the same shape."""
    old_identity = known_region(number[:6]) and born("19" + number[6:12], {})
    return "REG_NO_LOOKS_LIKE_IDENTITY" if old_identity else "REG_NO_CHECK_DIGIT"


credit_code = converter(TEXT, _credit, _credit_rows)
org_code = converter(TEXT, _organisation, _organisation_rows)
registration_number = converter(TEXT, _registration, _registration_rows)
