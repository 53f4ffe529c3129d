"""The two-digit provinces, which every code begins with: what credit codes and registration numbers are held to.

Their six digits name the registering authority, zones and offices included, so the table of regions cannot judge them.
"""

import numpy as np
import numpy.typing as npt

from transforms.converters.digits import Bytes

PROVINCES = frozenset(
    (
        *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"),
        *("41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65"),
        *("71", "81", "82", "83"),
    )
)
NATIONAL = "100000"
_KNOWN = np.array([f"{number:02}" in PROVINCES for number in range(100)])


def known_region(code: str) -> bool:
    """Whether six digits begin with a province."""
    return len(code) == 6 and code.isascii() and code.isdecimal() and code[:2] in PROVINCES


def province_rows(matrix: Bytes, *, national: bool = False) -> npt.NDArray[np.bool_]:
    """The same for rows of six bytes; `national` also allows 100000, the national registries."""
    values = matrix.astype(np.int64) - 48
    digits = ((values >= 0) & (values <= 9)).all(axis=1)
    province = np.where(digits, values[:, 0] * 10 + values[:, 1], 0)
    good = digits & _KNOWN[province]
    if national:
        good |= digits & (values[:, 0] == 1) & (values[:, 1:] == 0).all(axis=1)
    return good
