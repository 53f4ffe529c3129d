"""The check digits of Chinese identifiers, one text at a time and a matrix of bytes at a time.

GB 32100 (unified social credit code, mod 31), GB 11714 (organisation code, mod 11), GB 11643 (identity
number, mod 11-2) and the business registration number (mod 11,10).
"""

import numpy as np
import numpy.typing as npt

from transforms.converters.digits import Bytes

CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)], dtype=np.int64)
ORGANISATION = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
IDENTITY_WEIGHTS = np.array([pow(2, 17 - i, 11) for i in range(17)], dtype=np.int64)
IDENTITY_CHECK = "10X98765432"


def _table(alphabet: str) -> npt.NDArray[np.int64]:
    table = np.full(256, -1, dtype=np.int64)
    for value, sign in enumerate(alphabet):
        table[ord(sign)] = value
    return table


_CREDIT = _table(CREDIT)
_ORGANISATION = _table(ORGANISATION)
_TEN = _table("0123456789")
_ORGANISATION_CHECK = _table("0123456789X")


def credit_good(matrix: Bytes) -> npt.NDArray[np.bool_]:
    """Rows of 18 bytes: alphabet and check digit of GB 32100."""
    values = _CREDIT[matrix]
    wanted = (31 - values[:, :17] @ CREDIT_WEIGHTS % 31) % 31
    return (values >= 0).all(axis=1) & (values[:, 17] == wanted)


def organisation_good(matrix: Bytes) -> npt.NDArray[np.bool_]:
    """Rows of 9 bytes: alphabet and check sign of GB 11714, where ten is X."""
    values = _ORGANISATION[matrix[:, :8]]
    wanted = (11 - values @ ORGANISATION_WEIGHTS % 11) % 11
    return (values >= 0).all(axis=1) & (_ORGANISATION_CHECK[matrix[:, 8]] == wanted)


def identity_good(matrix: Bytes) -> npt.NDArray[np.bool_]:
    """Rows of 18 bytes: digits and check sign of GB 11643."""
    values = _TEN[matrix[:, :17]]
    wanted = np.frombuffer(IDENTITY_CHECK.encode(), dtype=np.uint8)[values @ IDENTITY_WEIGHTS % 11]
    return (values >= 0).all(axis=1) & (matrix[:, 17] == wanted)


def registration_good(number: str) -> bool:
    """Fifteen digits with ISO 7064 mod 11,10."""
    rest = 10
    for sign in number[:14]:
        rest = ((rest + int(sign)) % 10 or 10) * 2 % 11
    return (rest + int(number[14])) % 10 == 1


def identity_check(seventeen: str) -> str:
    """The check sign for seventeen digits."""
    return IDENTITY_CHECK[int(_TEN[as_row(seventeen)[0]] @ IDENTITY_WEIGHTS) % 11]


def as_row(text: str) -> Bytes:
    """One ASCII text as a matrix of one row."""
    return np.frombuffer(text.encode("ascii"), dtype=np.uint8).reshape(1, -1)
