"""`text`: repaired text, and nothing else changed. What counts as clean is one regular expression."""

import pyarrow as pa
import pyarrow.compute as pc

from transforms.converters.column import converter
from transforms.converters.contract import TEXT, Parameters, Reading, Sure
from transforms.converters.hanzi import CLEAN


def clean(column: pa.Array) -> pa.BooleanArray:
    """True where `repair` would change and flag nothing."""
    return pc.match_substring_regex(column, CLEAN)


def _as_it_is(text: str, parameters: Parameters) -> Reading:
    return Reading(text)


def _clean_rows(column: pa.Array, parameters: Parameters) -> Sure:
    if parameters.get("traditional") == "yes":
        return Sure(pa.repeat(False, len(column)), column)
    return Sure(clean(column), column)


text = converter(TEXT, _as_it_is, _clean_rows)
