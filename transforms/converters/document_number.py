"""`document_number`: 〔〕 around the four-digit year, widths repaired, everything else as it was written.

第, leading zeros, letters, hyphens and words inside the serial stay. A bracket such as （京） holds no year
and stays as well. A missing bracket is put in only where four year digits are followed by the serial.
`year: optional` lets a number without a year pass (a licence may carry its certificate number).
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

from schemas.standard import code_list
from transforms.converters.column import converter
from transforms.converters.contract import TEXT, Parameters, Reading, Sure
from transforms.converters.parameters import one_of
from transforms.converters.text import clean

YEAR = "(?:19|20)[0-9]{2}"
SERIAL = r"(?=[ ]?(?:第|字|[0-9A-Za-z\-]))"
WIDTHS = {code: code - 0xFEE0 for code in (0xFF0D, 0xFF0F, 0xFF0E, 0xFF5B, 0xFF5D)}  # － ／ ． ｛ ｝
_PLAIN = r"[^〔〕\[\](){}（）【】〈〉〖〗『』《》“”\"' －／．；;。，,、:：*×]"
_TAIL = _PLAIN.replace("[^", "[^和及与至")  # joins a second number
CANONICAL = rf"^{_PLAIN}+〔{YEAR}〕{_TAIL}*[0-9]{_TAIL}*$"
ONE_PAIR = rf"^({_PLAIN}+)[〔\[(（【]({YEAR})[〕\])）】]({_TAIL}*[0-9]{_TAIL}*)$"


def _pairs() -> tuple[str, str]:
    """Opening and closing brackets that mean 〔〕, from the code list."""
    rows = [row["variant"] for row in code_list("enforcement", "1.0", "doc_number_brackets")]
    pairs = [row for row in rows if len(row) == 2] + ["〔〕"]
    return "".join(pair[0] for pair in pairs), "".join(pair[1] for pair in pairs)


OPENING, CLOSING = (re.escape(signs) for signs in _pairs())
BRACKETED = re.compile(rf"[{OPENING}] ?({YEAR}) ?[{CLOSING}]")
UNCLOSED = re.compile(rf"[{OPENING}] ?({YEAR}){SERIAL}(?![0-9 ]*[{CLOSING}])(?![0-9]*$(?<={YEAR}))")
UNOPENED = re.compile(rf"(?<![0-9A-Za-z{OPENING}])({YEAR}) ?[{CLOSING}](?=.)")
BARE = re.compile(rf"(?<![0-9A-Za-z]){YEAR}年?(?=[^0-9A-Za-z])")
DOUBLED = re.compile(rf"[{OPENING}]{{2,}}({YEAR})[{CLOSING}]{{2,}}")
AROUND = re.compile(
    r"^(?:(?:行政处罚|行政许可|处罚|许可)?(?:决定书)?文号[:：] ?)?[《“\"']?(.*?)[》”\"']?[；;。，,、 ]*$"
)
TWO = re.compile(r"号 ?[、，,；;和及与至] ?第?[0-9A-Za-z\-]+号")
SERIAL_SIGN = re.compile(r"[0-9A-WYZa-wyz一二三四五六七八九十甲乙丙丁]")
ANY_SIGN = re.compile(r"[0-9０-９]")


def _number(text: str, parameters: Parameters) -> Reading:
    plain = AROUND.sub(r"\1", text.translate(WIDTHS))
    plain = DOUBLED.sub(r"〔\1〕", plain)
    found = BRACKETED.findall(plain)
    if len(found) > 1 or TWO.search(plain):
        return Reading(None, ("DOC_NO_TWO_NUMBERS",))
    if len(found) == 1 and not SERIAL_SIGN.search(plain[plain.index(found[0]) + len(found[0]) :]):
        return Reading(None, ("DOC_NO_SERIAL_MISSING",))
    if len(found) == 1:
        return Reading(_joined(BRACKETED.sub(r"〔\1〕", plain)))
    return _repaired(plain, parameters)


def _repaired(plain: str, parameters: Parameters) -> Reading:
    """One bracket or both are missing: put in only when there is one place for them."""
    for rule in (UNCLOSED, UNOPENED):
        found = rule.findall(plain)
        if len(found) > 1:
            return Reading(None, ("DOC_NO_TWO_NUMBERS",))
        if found:
            return Reading(_joined(rule.sub(r"〔\1〕", plain)), ("DOC_NO_BRACKET_INSERTED",))
    if not ANY_SIGN.search(plain):
        return Reading(None, ("DOC_NO_UNREADABLE",))
    if parameters.get("year") == "optional":
        return Reading(plain)
    return Reading(None, ("DOC_NO_BRACKETS_MISSING" if BARE.search(plain) else "DOC_NO_YEAR_MISSING",))


def _joined(text: str) -> str:
    """Spaces beside the year and inside a Chinese number are layout, not part of it."""
    return re.sub(r"(?<=[^ -~]) | (?=[^ -~])", "", text)


def _canonical(column: pa.Array, parameters: Parameters) -> Sure:
    """One year in one pair of brackets, and no other sign that could be one: by columns."""
    good = pc.and_(clean(column), pc.match_substring_regex(column, CANONICAL))
    rest = pc.invert(pc.fill_null(good, True))
    if not pc.any(rest, min_count=0).as_py():
        return Sure(good, column)
    few = column.filter(rest)  # replacing is slow, and most numbers are canonical
    paired = pc.and_(clean(few), pc.match_substring_regex(few, ONE_PAIR))
    rewritten = pc.replace_substring_regex(few, ONE_PAIR, r"\1〔\2〕\3")
    return Sure(pc.replace_with_mask(good, rest, paired), pc.replace_with_mask(column, rest, rewritten))


document_number = converter(TEXT, _number, _canonical, {"year": one_of("optional")})
