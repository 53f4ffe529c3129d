"""Records that the law keeps back (法律限制提供的记录): the rules of `protected.yaml`, and what lifts one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from schemas.errors import ConfigurationError
from schemas.nearest import nearest

FILE = Path(__file__).with_name("protected.yaml")


@dataclass(frozen=True, slots=True)
class Protection:
    """One rule. `code`: its finding. A record falls under it by an age, by words in a text, or both alike.

    `not_of`: record types that speak of rules and offices, not of cases.
    """

    code: str
    basis: str
    verified: str
    first_day: date
    under_years: int
    id_numbers: tuple[str, ...]
    birth_dates: tuple[str, ...]
    texts: tuple[str, ...]
    words: tuple[str, ...]
    not_of: tuple[str, ...]


@cache
def protections() -> tuple[Protection, ...]:
    """All rules, in the order of the file."""
    data = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return tuple(
        Protection(
            code, rule["basis"], rule["verified"], rule.get("from", date.min), rule.get("under_years", 0),
            *(tuple(rule.get(key, ())) for key in ("id_numbers", "birth_dates", "texts", "words", "not_of")),
        )
        for code, rule in data.items()
    )  # fmt: skip


def not_permitted(profile: Mapping[str, Any], on: date, where: str) -> tuple[Protection, ...]:
    """The rules in force on a day that a receiver's profile does not lift.

    `provide: {CODE: legal basis}` lifts one. Raises ConfigurationError for an unknown code or a basis left blank.
    """
    lifted = profile.get("provide", {})
    if not isinstance(lifted, dict):
        raise ConfigurationError("is no table", where=f"{where}: provide", remedy="write `provide: {CODE: basis}`")
    codes = [rule.code for rule in protections()]
    for code, basis in lifted.items():
        if code not in codes:
            raise ConfigurationError(f"{code} is not protected", where=f"{where}: provide", remedy=nearest(code, codes))
        if not isinstance(basis, str) or not basis.strip():
            raise ConfigurationError(
                "no legal basis", where=f"{where}: provide.{code}", remedy="name statute, article and who signed"
            )
    return tuple(rule for rule in protections() if rule.code not in lifted and rule.first_day <= on)
