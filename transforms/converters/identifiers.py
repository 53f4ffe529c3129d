"""`credit_code`, `org_code`, `identity_number`, `registration_number`: who somebody is.

Widths, case, spaces and hyphens are repaired; a letter is never taken for a digit. A check digit alone
is weak, so the first character, the region and the inner organisation code are asked as well.
No finding carries the number. `as_of` (ISO date) bounds birth dates; without it, today does.
"""

import re
from datetime import date
from unicodedata import normalize

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.converters.check_digits import (
    CREDIT,
    credit_good,
    identity_check,
    identity_good,
    is_credit,
    is_organisation,
    organisation_good,
    registration_good,
)
from transforms.converters.column import converter
from transforms.converters.contract import TEXT, Parameters, Reading, Sure
from transforms.converters.digits import Bytes, fixed_width, mask
from transforms.converters.parameters import DAY
from transforms.converters.region_table import GONE, IN_FORCE, UNKNOWN, state, states
from transforms.converters.regions import NATIONAL, known_region, province_rows

FIRST = "123456789ANY"
DASHES = str.maketrans("", "", "-‐‑‒–—―− ")
REGISTRATION_WORDS = re.compile(r"[\u4e00-\u9fff0-9A-Za-z()（）〔〕\-/]*字第[0-9A-Za-z\-/]+号?")


def _signs(text: str) -> str:
    return normalize("NFKC", text).upper().translate(DASHES)


def _same(text: str) -> bool:
    return len(set(text)) == 1


def _credit(text: str, parameters: Parameters) -> Reading:
    code = _signs(text)
    fault = _credit_fault(code)
    return Reading(None, (fault,)) if fault else Reading(code)


def _credit_fault(code: str) -> str:
    if len(code) == 18 and (_same(code) or _same(code[:17]) or code[2:17] == "0" * 15):
        return "CREDIT_CODE_PLACEHOLDER"
    if _is_identity(code):
        return "CREDIT_CODE_IS_IDENTITY_NUMBER"
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
    return _sure(rows, good, column)


def _sure(rows: npt.NDArray[np.int64], good: npt.NDArray[np.bool_], column: pa.Array) -> Sure:
    return Sure(pa.array(mask(rows[good], len(column))), column)


def _organisation(text: str, parameters: Parameters) -> Reading:
    code = _signs(text)
    if len(code) == 9 and (_same(code) or _same(code[:8])):
        return Reading(None, ("ORG_CODE_PLACEHOLDER",))
    if not re.fullmatch("[0-9A-Z]{8}[0-9X]", code):
        return Reading(None, ("ORG_CODE_SHAPE",))
    return Reading(code) if is_organisation(code) else Reading(None, ("ORG_CODE_CHECK_DIGIT",))


def _identity(text: str, parameters: Parameters) -> Reading:
    number = _signs(text)
    upgraded = re.fullmatch("[0-9]{15}", number) is not None
    if upgraded:
        if number[12:] >= "996":  # kept for people born before 1900: the century cannot be told
            return Reading(None, ("ID_CENTURY_UNCLEAR",))
        number = f"{number[:6]}19{number[6:]}"
        number += identity_check(number)
    if not re.fullmatch("[0-9]{17}[0-9X]", number):
        return Reading(None, ("ID_SHAPE",))
    fault = _identity_fault(number, parameters)
    if fault:
        return Reading(None, (fault,))
    doubt = REGION_DOUBTS.get(state(number[:6]), "")
    return Reading(number, tuple(filter(None, ("ID_UPGRADED" if upgraded else "", doubt))))


REGION_DOUBTS = {UNKNOWN: "ID_REGION_UNKNOWN", GONE: "ID_REGION_ABOLISHED"}  # cards keep the code of their time


def _identity_fault(number: str, parameters: Parameters) -> str:
    if not known_region(number[:6]):
        return "ID_REGION"
    if not _born(number[6:14], parameters):
        return "ID_BIRTH_DATE"
    return "" if identity_check(number[:17]) == number[17] else "ID_CHECK_DIGIT"


def _born(digits: str, parameters: Parameters) -> bool:
    try:
        born = date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    except ValueError:
        return False
    as_of = parameters.get("as_of", "")
    return date(1900, 1, 1) <= born <= (date.fromisoformat(as_of) if as_of else date.today())


def _is_identity(number: str) -> bool:
    return re.fullmatch("[0-9]{17}[0-9X]", number) is not None and not _identity_fault(number, {})


def _registration(text: str, parameters: Parameters) -> Reading:
    number = _signs(text)
    if number and _same(number):
        return Reading(None, ("REG_NO_PLACEHOLDER",))
    if re.fullmatch("[0-9]{15}", number):
        return Reading(number, () if registration_good(number) else (_fifteen(number),))
    if re.fullmatch("[0-9]{13}", number) or REGISTRATION_WORDS.fullmatch(text):
        return Reading(number if number.isdecimal() else text, ("REG_NO_LEGACY",))
    return Reading(None, ("REG_NO_SHAPE",))


def _fifteen(number: str) -> str:
    """Fifteen digits that fail their check: an old identity number has the same shape."""
    old_identity = known_region(number[:6]) and _born("19" + number[6:12], {})
    return "REG_NO_LOOKS_LIKE_IDENTITY" if old_identity else "REG_NO_CHECK_DIGIT"


def _identity_rows(column: pa.Array, parameters: Parameters) -> Sure:
    """Nothing but the check digit is quick here: birth dates go one by one, each distinct number once."""
    rows, matrix = fixed_width(column, 18)
    return _sure(rows, _plausible(matrix), column)


def _plausible(matrix: Bytes) -> npt.NDArray[np.bool_]:
    """Region, a birth day every month has, in a year that is surely past, and the check digit."""
    digits = matrix[:, :17].astype(np.int64) - 48
    year = digits[:, 6:10] @ np.array([1000, 100, 10, 1])
    month, day = digits[:, 10] * 10 + digits[:, 11], digits[:, 12] * 10 + digits[:, 13]
    region = states(digits[:, :6] @ np.array([100_000, 10_000, 1000, 100, 10, 1]))
    born = (year >= 1900) & (year <= 2015) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 28)
    good: npt.NDArray[np.bool_] = identity_good(matrix) & (region == IN_FORCE) & born
    return good


credit_code = converter(TEXT, _credit, _credit_rows)
org_code = converter(TEXT, _organisation)
identity_number = converter(TEXT, _identity, _identity_rows, {"as_of": DAY})
registration_number = converter(TEXT, _registration)
