"""Owns synthetic identifiers with right check digits: credit codes, organisation codes, resident ids, registrations."""

from random import Random

CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CREDIT_VALUE = {sign: value for value, sign in enumerate(CREDIT_ALPHABET)}
_ORGANISATION_VALUE = {sign: value for value, sign in enumerate(ORGANISATION_ALPHABET)}
_CREDIT_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECK = "10X98765432"


def credit_check_digit(body: str) -> str:
    """GB 32100: the eighteenth character for the first seventeen."""
    total = sum(_CREDIT_VALUE[sign] * weight for sign, weight in zip(body, _CREDIT_WEIGHTS, strict=True))
    return CREDIT_ALPHABET[(31 - total % 31) % 31]


def organisation_check_digit(body: str) -> str:
    """GB 11714: the ninth character for the first eight."""
    total = sum(_ORGANISATION_VALUE[sign] * weight for sign, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    rest = 11 - total % 11
    return "X" if rest == 10 else "0" if rest == 11 else str(rest)


def resident_check_digit(body: str) -> str:
    """GB 11643: the eighteenth character for the first seventeen digits."""
    total = sum(int(digit) * weight for digit, weight in zip(body, _RESIDENT_WEIGHTS, strict=True))
    return _RESIDENT_CHECK[total % 11]


def registration_check_digit(body: str) -> str:
    """Modulus 11,10: the fifteenth digit of a registration number for its first fourteen."""
    state = 10
    for digit in body:
        total = (state + int(digit)) % 10 or 10
        state = total * 2 % 11
    return str((11 - state) % 10)


def organisation_code(serial: int) -> str:
    """A nine-character organisation code; different serials give different codes."""
    body = f"{serial:08d}"
    return body + organisation_check_digit(body)


def credit_code(kind: str, region: str, serial: int) -> str:
    """A unified social credit code: `kind` is the two-character registry and class (11, 91, 92 …)."""
    body = kind + region + organisation_code(serial)
    return body + credit_check_digit(body)


def resident_id(rng: Random) -> str:
    """A resident identity number of an invented adult; birthplaces are districts that existed in every year used."""
    region = rng.choice(("530102", "530103", "530111", "530112"))
    body = f"{region}{rng.randint(1983, 2000)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randint(1, 999):03d}"
    return body + resident_check_digit(body)


def registration_number(region: str, serial: int) -> str:
    """A fifteen-digit business registration number of the old kind."""
    body = f"{region}{serial % 100_000_000:08d}"
    return body + registration_check_digit(body)


def spoiled(code: str) -> str:
    """The same code with a wrong last character."""
    return code[:-1] + ("1" if code[-1] != "1" else "2")
