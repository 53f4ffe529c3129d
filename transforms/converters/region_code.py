"""`region`: the six-digit code of a region (行政区划), written as a code or as a name.

A code of its time stays as it is: when it was abolished (310230 崇明县), a warning says so and the successor stands in
`schemas/regions/table.csv`. `on` (a day or month; a mapping may write `on_field: decision_date`) is the time that is
asked about, today by default; `within: "530100"` looks for names under that region alone. Nothing is guessed: a name
that two regions bear has no value.
"""

import re
from unicodedata import normalize

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.converters.column import converter
from transforms.converters.contract import TEXT, Parameter, Parameters, Reading, Sure
from transforms.converters.digits import fixed_width, number, sure
from transforms.converters.region_names import TOWN, candidates, is_bare, zones
from transforms.converters.region_table import EXTENSION, GONE, IN_FORCE, NOT_YET, UNKNOWN, month_of, state, states

WARNINGS = {GONE: "REGION_ABOLISHED", NOT_YET: "REGION_NOT_YET", EXTENSION: "REGION_EXTENSION"}
COUNTY_IN_TWELVE = re.compile("([0-9]{6})(?:0{3}|0{6})")
LONGEST = 200  # characters
MONTH = re.compile("[0-9]{4}-(?:0[1-9]|1[0-2])(?:-[0-9]{2})?")


def _region(text: str, parameters: Parameters) -> Reading:
    if len(text) > LONGEST:
        return Reading(None, ("REGION_SHAPE",))
    plain = normalize("NFKC", text).replace(" ", "")
    month = month_of(parameters.get("on", ""))
    if not re.search("[0-9]", plain):
        return _named(normalize("NFKC", text), month, parameters.get("within", "").rstrip("0"))
    found = COUNTY_IN_TWELVE.fullmatch(plain)
    code = found[1] if found else plain
    if re.fullmatch("[0-9]{9}|[0-9]{12}", code):
        return Reading(None, ("REGION_TOWN_CODE",))
    if not re.fullmatch("[0-9]{6}", code):
        return Reading(None, ("REGION_SHAPE",))
    return _coded(code, state(code, month))


def _coded(code: str, now: int) -> Reading:
    if now == UNKNOWN:
        return Reading(None, ("REGION_UNKNOWN",))
    return Reading(code, () if now == IN_FORCE else (WARNINGS[now],))


def _named(text: str, month: int, within: str) -> Reading:
    found = candidates(text, month, within)
    codes = {region.code for region in found}
    if len(codes) > 1:
        return Reading(None, ("REGION_AMBIGUOUS",))
    if found and not is_bare(text, found[0]):
        return _coded(found[0].code, found[0].state(month))
    zone = next((code for name, code in zones().items() if text.endswith(name)), None)
    if zone is not None:
        return _coded(zone, EXTENSION) if zone else Reading(None, ("REGION_NO_CODE",))
    return Reading(None, ("REGION_TOWN_CODE" if TOWN.fullmatch(text) else "REGION_UNKNOWN",))


def _codes_in_force(column: pa.Array, parameters: Parameters) -> Sure:
    rows, matrix = fixed_width(column, 6)
    code, digits = number(matrix, 0, 6)
    good = digits & (states(np.where(digits, code, 0), month_of(parameters.get("on", ""))) == IN_FORCE)
    return sure(rows, good, column)


def _months(days: pa.Array) -> pa.Array:
    """The month is all that matters: few of them in a night."""
    return pc.strftime(days, "%Y-%m")


TAKES = {
    "on": Parameter(
        "write a day or a month: 2021-07",
        fits=lambda text: MONTH.fullmatch(text) is not None,
        kinds=("date",),
        sorts=_months,
    ),
    "within": Parameter(
        'write six digits in quotes: "530100"', fits=lambda text: re.fullmatch("[1-9][0-9]{5}", text) is not None
    ),
}
region = converter(TEXT, _region, _codes_in_force, TAKES)
