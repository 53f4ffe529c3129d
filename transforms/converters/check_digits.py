"""The check digits of Chinese identifiers, one text at a time and a matrix of bytes at a time.

GB 32100 (unified social credit code, mod 31), GB 11714 (organisation code, mod 11), GB 11643 (identity
number, mod 11-2) and the business registration number (mod 11,10).
"""

import numpy as np
import numpy.typing as npt

from transforms.converters.digits import Bytes, every

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


def _weighed(
    matrix: Bytes, table: npt.NDArray[np.int64], weights: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """Each row's weighted sum, and whether every sign of it is in the alphabet. By columns: one pass a place."""
    small = table.astype(np.int32)
    total = np.zeros(len(matrix), dtype=np.int32)
    known = np.ones(len(matrix), dtype=bool)
    for place, weight in enumerate(weights.tolist()):
        value = small[matrix[:, place]]
        known &= value >= 0
        total += value * np.int32(weight)
    return total, known


def credit_good(matrix: Bytes) -> npt.NDArray[np.bool_]:
    """Rows of 18 bytes: alphabet and check digit of GB 32100."""
    total, known = _weighed(matrix, _CREDIT, CREDIT_WEIGHTS)
    good: npt.NDArray[np.bool_] = known & (_CREDIT[matrix[:, 17]] == (31 - total % 31) % 31)
    return good


def organisation_good(matrix: Bytes) -> npt.NDArray[np.bool_]:
    """Rows of 9 bytes: alphabet and check sign of GB 11714, where ten is X."""
    total, known = _weighed(matrix, _ORGANISATION, ORGANISATION_WEIGHTS)
    good: npt.NDArray[np.bool_] = known & (_ORGANISATION_CHECK[matrix[:, 8]] == (11 - total % 11) % 11)
    return good


def identity_good(matrix: Bytes) -> npt.NDArray[np.bool_]:
    """Rows of 18 bytes: digits and check sign of GB 11643."""
    total, known = _weighed(matrix, _TEN, IDENTITY_WEIGHTS)
    wanted = np.frombuffer(IDENTITY_CHECK.encode(), dtype=np.uint8)[total % 11]
    good: npt.NDArray[np.bool_] = known & (matrix[:, 17] == wanted)
    return good


def registrations_good(matrix: Bytes) -> npt.NDArray[np.bool_]:
    """Rows of 15 bytes: digits with ISO 7064 mod 11,10."""
    digits = _TEN[matrix]
    rest = np.full(len(matrix), 10, dtype=np.int64)
    for place in range(14):
        rest = (rest + digits[:, place]) % 10
        rest = np.where(rest == 0, 10, rest) * 2 % 11
    good: npt.NDArray[np.bool_] = every(digits >= 0) & ((rest + digits[:, 14]) % 10 == 1)
    return good


def registration_good(number: str) -> bool:
    """Fifteen digits with ISO 7064 mod 11,10."""
    rest = 10
    for sign in number[:14]:
        rest = ((rest + int(sign)) % 10 or 10) * 2 % 11
    return (rest + int(number[14])) % 10 == 1


def identity_check(seventeen: str) -> str:
    """The check sign for seventeen digits."""
    return IDENTITY_CHECK[_sum(seventeen, ORGANISATION, IDENTITY_WEIGHTS) % 11]


def is_credit(code: str) -> bool:
    """`credit_good` for one code whose signs are all in the alphabet."""
    return CREDIT.index(code[17]) == (31 - _sum(code[:17], CREDIT, CREDIT_WEIGHTS) % 31) % 31


def is_organisation(code: str) -> bool:
    """`organisation_good` for one code of eight letters or digits and a check sign."""
    wanted = (11 - _sum(code[:8], ORGANISATION, ORGANISATION_WEIGHTS) % 11) % 11
    return code[8] == "0123456789X"[wanted]


def _sum(signs: str, alphabet: str, weights: npt.NDArray[np.int64]) -> int:
    return sum(alphabet.index(sign) * weight for sign, weight in zip(signs, weights.tolist(), strict=True))
