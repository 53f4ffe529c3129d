"""The converters by the names that mappings and `guiji convert` use."""

from functools import cache

from schemas.errors import UnknownConverter
from schemas.nearest import nearest
from transforms.converters import (
    codes,
    dates,
    document_number,
    identifiers,
    identity_document,
    identity_number,
    money,
    penalty_text,
    region_code,
    text,
)
from transforms.converters import names as name
from transforms.converters.contract import Converter

CONVERTERS: dict[str, Converter] = {
    "text": text.text,
    "document_number": document_number.document_number,
    "date": dates.day,
    "datetime": dates.time,
    "money": money.money,
    "fine_from_text": penalty_text.fine_from_text,
    "confiscation_from_text": penalty_text.confiscation_from_text,
    "credit_code": identifiers.credit_code,
    "org_code": identifiers.org_code,
    "identity_number": identity_number.identity_number,
    "identity_document": identity_document.identity_document,
    "registration_number": identifiers.registration_number,
    "region": region_code.region,
    "penalty_kind": codes.penalty_kind,
    "counterparty_category": codes.counterparty_category,
    "licence_category": codes.licence_category,
    "party_name": name.party_name,
    "org_name": name.org_name,
    "boolean": codes.boolean,
}


def names() -> list[str]:
    """All names, code lists included."""
    return [*CONVERTERS, *(f"code:{name}" for name in codes.list_names())]


@cache
def get(name: str) -> Converter:
    """The converter of this name. Raises UnknownConverter that tells the nearest names."""
    if name in CONVERTERS:
        return CONVERTERS[name]
    if name.startswith("code:") and name.removeprefix("code:") in codes.list_names():
        return codes.code(name.removeprefix("code:"))
    raise UnknownConverter(f"converter {name!r} does not exist", remedy=nearest(name, names()))
