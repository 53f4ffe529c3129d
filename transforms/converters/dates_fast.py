"""Clean dates by columns: 2023-05-06, 2023/05/06, 2023.05.06, 20230506 and 2023-05-06 15:30:00."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.converters.contract import DATE, DATETIME, Parameters, Sure
from transforms.converters.digits import Bytes, days, fixed_width, mask, number

SEPARATORS = tuple(b"-/.")
FIRST, LAST = -7670, 47846  # 1949-01-01 and 2100-12-31 as days since 1970
STEADY = 8035  # 1992-01-01: from here on the clock of China is always eight hours ahead
EIGHT_HOURS = 8 * 3600

Days = tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]


def iso_dates(column: pa.Array, parameters: Parameters) -> Sure:
    """Rows whose date is written in one of the fixed forms and lies in the expected range."""
    values = np.zeros(len(column), dtype=np.int32)
    sure = np.zeros(len(column), dtype=bool)
    for width, places in ((10, (5, 7, 8, 10)), (8, (4, 6, 6, 8))):
        rows, matrix = fixed_width(column, width)
        if len(rows):
            found, good = _days(matrix, places, joined=width == 10)
            values[rows[good]] = found[good]
            sure |= mask(rows[good], len(column))
    return Sure(pa.array(sure), pa.array(values, type=pa.int32()).cast(DATE))


def iso_datetimes(column: pa.Array, parameters: Parameters) -> Sure:
    """Rows written YYYY-MM-DD HH:MM:SS, a T between allowed, from 1992 on."""
    values = np.zeros(len(column), dtype=np.int64)
    rows, matrix = fixed_width(column, 19)
    sure = np.zeros(len(column), dtype=bool)
    if len(rows):
        found, good = _days(matrix[:, :10], (5, 7, 8, 10), joined=True)
        hour, minute, second = (number(matrix, at, at + 2) for at in (11, 14, 17))
        good &= (matrix[:, 10] == ord(" ")) | (matrix[:, 10] == ord("T"))
        good &= (matrix[:, 13] == ord(":")) & (matrix[:, 16] == ord(":"))
        good &= hour[1] & minute[1] & second[1] & (hour[0] < 24) & (minute[0] < 60) & (second[0] < 60)
        good &= found >= STEADY
        seconds = found.astype(np.int64) * 86400 + hour[0] * 3600 + minute[0] * 60 + second[0] - EIGHT_HOURS
        values[rows[good]] = seconds[good]
        sure = mask(rows[good], len(column))
    return Sure(pa.array(sure), pa.array(values).cast(DATETIME))


def _days(matrix: Bytes, places: tuple[int, int, int, int], *, joined: bool) -> Days:
    year, month, day = number(matrix, 0, 4), number(matrix, *places[:2]), number(matrix, *places[2:])
    found, real = days(year[0], month[0], day[0])
    good = year[1] & month[1] & day[1] & real & (found >= FIRST) & (found <= LAST) & (found != 0)
    if joined:
        good &= np.isin(matrix[:, 4], SEPARATORS) & (matrix[:, 4] == matrix[:, 7])
    return found, good
