"""`identity_number`: the eighteen signs of a resident's identity number (GB 11643), strictly.

Fifteen digits are made eighteen by rule, with a warning. Province, birth date and check digit must be right; a county
that was abolished, or that no edition of the table knows, only warns, for cards keep the region of their time.
No finding carries the number. `as_of` (ISO date) bounds birth dates; without it, today does. A column that holds
passports as well is for `identity_document`.
"""

import re
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.converters.check_digits import identity_check, identity_good
from transforms.converters.column import converter
from transforms.converters.contract import TEXT, Parameters, Reading, Sure
from transforms.converters.digits import Bytes, fixed_width, is_masked, signs, sure
from transforms.converters.parameters import DAY
from transforms.converters.region_table import GONE, IN_FORCE, UNKNOWN, state, states
from transforms.converters.regions import known_region


def identity(text: str, parameters: Parameters) -> Reading:
    number = signs(text)
    if is_masked(number):
        return Reading(None, ("ID_MASKED",))
    upgraded = re.fullmatch("[0-9]{15}", number) is not None and len(set(number)) > 1
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
    doubt = "ID_REGION_UNKNOWN" if state(number[:6]) == UNKNOWN else ""  # one abolished is none: cards keep their code
    return Reading(number, tuple(filter(None, ("ID_UPGRADED" if upgraded else "", doubt))))


def _identity_fault(number: str, parameters: Parameters) -> str:
    if not known_region(number[:6]):
        return "ID_REGION"
    if not born(number[6:14], parameters):
        return "ID_BIRTH_DATE"
    return "" if identity_check(number[:17]) == number[17] else "ID_CHECK_DIGIT"


def born(digits: str, parameters: Parameters) -> bool:
    try:
        born = date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}")
    except ValueError:
        return False
    as_of = parameters.get("as_of", "")
    return date(1900, 1, 1) <= born <= (date.fromisoformat(as_of) if as_of else date.today())


def is_identity(number: str) -> bool:
    """Whether a text of clean signs is surely an identity number: shape, province, birth date, check digit."""
    return re.fullmatch("[0-9]{17}[0-9X]", number) is not None and not _identity_fault(number, {})


def identity_rows(column: pa.Array, parameters: Parameters) -> Sure:
    """Nothing but the check digit is quick here: birth dates go one by one, each distinct number once."""
    rows, matrix = fixed_width(column, 18)
    return sure(rows, _plausible(matrix), column)


def _plausible(matrix: Bytes) -> npt.NDArray[np.bool_]:
    """Region, a birth day every month has, in a year that is surely past, and the check digit."""
    digits = matrix[:, :17].astype(np.int64) - 48
    year = digits[:, 6:10] @ np.array([1000, 100, 10, 1])
    month, day = digits[:, 10] * 10 + digits[:, 11], digits[:, 12] * 10 + digits[:, 13]
    region = states(digits[:, :6] @ np.array([100_000, 10_000, 1000, 100, 10, 1]))
    born = (year >= 1900) & (year <= 2015) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 28)
    good: npt.NDArray[np.bool_] = identity_good(matrix) & np.isin(region, (IN_FORCE, GONE)) & born
    return good


identity_number = converter(TEXT, identity, identity_rows, {"as_of": DAY})
