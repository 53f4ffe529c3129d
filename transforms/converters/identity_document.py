"""`identity_document`: the number of an identity document, read by what kind of document it is.

`type` says which, in the words or codes of the list id_document_type; a mapping writes `type_field: party_id_type`, and
each record is read by its own type. Without a type only a resident's identity number is certain.

- 身份证: as `identity_number` (GB 11643; verified yes).
- 港澳居民来往内地通行证: H or M, 8 digits for life, 2 more that count renewals, in print or not (公安部 通行证号码规则,
  lhoil.com/law/law_view.asp?id=324224; yes).
- 外国人永久居留身份证: 9, 16 digits and the check sign of GB 11643; before 2023-12 3 letters and 12 digits
  (机读信息规则 2023, eastcoms.com/service/pro/840.html; yes).
- 港澳台居民居住证: as an identity number, under 810000, 820000 or 830000 (public validators, id-validator; partial).
- 台湾居民来往大陆通行证: 8 digits, another form only warns (public validators; partial).
- 护照号: 5 to 20 letters and digits, states differ (no source; no).

居住证 is not in the list: departments write 其他-港澳台居民居住证. Any other 其他-… keeps its number as it was written.
"""

import re
from unicodedata import normalize

import pyarrow as pa

from transforms.converters import codes
from transforms.converters.check_digits import identity_check
from transforms.converters.column import converter
from transforms.converters.contract import TEXT, Converted, Converter, Parameter, Parameters, Reading
from transforms.converters.digits import is_masked, signs
from transforms.converters.identity_number import born, identity_number, is_identity
from transforms.converters.parameters import DAY, EVERY

LIST = "id_document_type"
RESIDENT = "身份证"
RESIDENCE = "居住证"
OTHER = "其他"
OLD_FOREIGN = re.compile("[A-Z]{3}[0-9]{12}")
EIGHTEEN = re.compile("[0-9]{17}[0-9X]")
FORMS = {
    "港澳居民来往内地通行证": re.compile("[HM][0-9]{8}(?:[0-9]{2})?"),
    "护照号": re.compile("(?=.*[0-9])[0-9A-Z]{5,20}"),
}
TAIWAN = "台湾居民来往大陆通行证"
FOREIGN = "外国人永久居留身份证"
ANYTHING = re.compile("[0-9A-Z]{5,20}")


def _kind(given: str, version: str = "") -> str:
    """The list's word for a type, 居住证, 其他, or "" for what is no type."""
    entry = codes.load(LIST, version).entries.get(given)
    if entry:
        return entry[1]
    if not given.startswith("其他-"):
        return ""
    return RESIDENCE if given.endswith(RESIDENCE) else OTHER


def _documents(column: pa.Array, parameters: Parameters) -> Converted:
    """A column of documents of one type."""
    kind = _kind(parameters.get("type", ""), parameters.get(codes.STANDARD, ""))
    if kind == RESIDENT:
        return identity_number(column, parameters)
    return converter(TEXT, lambda text, given: _document(kind, text, given))(column, parameters)


def _document(kind: str, text: str, parameters: Parameters) -> Reading:
    number = signs(text)
    if is_masked(number):
        return Reading(None, ("ID_MASKED",))
    if kind == OTHER:
        return Reading(normalize("NFKC", text).strip())
    if kind == RESIDENCE:
        return _residence(number, parameters)
    if is_identity(number):
        return Reading(None, ("ID_TYPE_MISMATCH",)) if kind else Reading(number)
    if not kind:
        return Reading(None, ("ID_TYPE_MISSING",))
    if kind == FOREIGN:
        return _foreign(number)
    if kind == TAIWAN and ANYTHING.fullmatch(number):
        return Reading(number, () if re.fullmatch("[0-9]{8}", number) else ("ID_DOCUMENT_UNUSUAL",))
    good = kind in FORMS and FORMS[kind].fullmatch(number)
    return Reading(number) if good else Reading(None, ("ID_DOCUMENT_SHAPE",))


def _residence(number: str, parameters: Parameters) -> Reading:
    if not EIGHTEEN.fullmatch(number) or number[:6] not in ("810000", "820000", "830000"):
        return Reading(None, ("ID_DOCUMENT_SHAPE",))
    if not born(number[6:14], parameters):
        return Reading(None, ("ID_BIRTH_DATE",))
    return _checked(number)


def _foreign(number: str) -> Reading:
    if OLD_FOREIGN.fullmatch(number):
        return Reading(number)
    new = EIGHTEEN.fullmatch(number) and number.startswith("9")
    return _checked(number) if new else Reading(None, ("ID_DOCUMENT_SHAPE",))


def _checked(number: str) -> Reading:
    return Reading(number) if identity_check(number[:17]) == number[17] else Reading(None, ("ID_CHECK_DIGIT",))


TYPE = Parameter(
    "write a word or code of the list id_document_type, or 其他- and the kind",
    fits=lambda text: _kind(text) != "",
    kinds=("code", "text"),
    sorts=lambda column: column,
)
identity_document = Converter(_documents, {**EVERY, "type": TYPE, "as_of": DAY})
