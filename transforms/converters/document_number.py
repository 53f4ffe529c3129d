"""`document_number`: 〔〕 around the four-digit year, widths repaired, everything else as it was written.

第, leading zeros, letters, hyphens and words inside the serial stay. A bracket such as （京） holds no year
and stays as well. A missing bracket is put in only where four year digits are followed by the serial.
A title around the number (文号：…, 行政处罚决定书（…）) goes; any other words beside it leave no value.
`year: optional` lets a number without a year pass (a licence may carry its certificate number).
Which brackets mean 〔〕 is the list doc_number_brackets of the version of the standard that the load is bound to.
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from schemas.standard import code_list, in_force
from transforms.converters.codes import STANDARD
from transforms.converters.column import converter
from transforms.converters.contract import TEXT, Parameters, Reading, Sure
from transforms.converters.parameters import one_of
from transforms.converters.text import clean

LONGEST = 500  # characters
YEAR = "(?:19|20)[0-9]{2}"
SERIAL = r"(?=[ ]?(?:第|字|[0-9A-Za-z\-]))"
WIDTHS = {code: code - 0xFEE0 for code in (0xFF0D, 0xFF0F, 0xFF0E, 0xFF5B, 0xFF5D)}  # － ／ ． ｛ ｝
_PLAIN = r"[^〔〕\[\](){}（）【】〈〉〖〗『』《》“”\"' －／．.；;。，,、:：*×书款]"
_TAIL = _PLAIN.replace("[^", "[^和及与至号")  # joins a second number, or ends the first
_SERIAL = rf"{_TAIL}*[0-9][0-9A-Za-z\-]*号?"
CANONICAL = rf"^{_PLAIN}{{1,30}}〔{YEAR}〕{_SERIAL}$"
ONE_PAIR = rf"^({_PLAIN}{{1,30}})[〔\[(（【]({YEAR})[〕\])）】]({_SERIAL})$"
BARE = re.compile(rf"(?<![0-9A-Za-z]){YEAR}年?(?=[^0-9A-Za-z])")
_TITLE = "(?:(?:行政|当场)?(?:处罚|许可)决定书)"
AROUND = re.compile(
    rf"^(?:(?:行政处罚|行政许可|处罚|许可)?(?:决定书)?(?:文号|编号)[:：] ?|{_TITLE})?[《“\"']?(.*?)[》”\"']?"
    rf"{_TITLE}?[；;。，,、.: ]*$"
)
WRAPPED = re.compile(r"^[（(]([^()（）]*(?:[（(][^()（）]*[)）][^()（）]*)*)[)）]$")
TWO = re.compile(r"号 ?[、，,；;和及与至\-—~～] ?第?[0-9A-Za-z\-]+号")
OTHER = re.compile(r"[，,。；;：:]|决定书|告知书|公司|当事人|罚款|号[^号（(]{7,}$")
SERIAL_SIGN = re.compile(r"[0-9A-WYZa-wyz一二三四五六七八九十甲乙丙丁]")
ANY_SIGN = re.compile(r"[0-9０-９]")


@dataclass(frozen=True, slots=True)
class Brackets:
    """Where a year stands in brackets that mean 〔〕: in a pair, without its end, without its beginning, in several."""

    pair: re.Pattern[str]
    unclosed: re.Pattern[str]
    unopened: re.Pattern[str]
    doubled: re.Pattern[str]


@lru_cache(maxsize=8)
def _brackets(version: str) -> Brackets:
    """Those of a version written as enforcement/1.1; of the one in force today where there is none."""
    owner = version.split("/") if version else ["enforcement", in_force("enforcement", date.today()).version]
    rows = [row["variant"] for row in code_list(owner[0], owner[1], "doc_number_brackets")]
    pairs = [row for row in rows if len(row) == 2] + ["〔〕"]
    opening, closing = (re.escape("".join(pair[side] for pair in pairs)) for side in (0, 1))
    return Brackets(
        pair=re.compile(rf"[{opening}] ?({YEAR}) ?[{closing}]"),
        unclosed=re.compile(rf"[{opening}] ?({YEAR}){SERIAL}(?![0-9 ]*[{closing}])(?![0-9]*$(?<={YEAR}))"),
        unopened=re.compile(rf"(?<![0-9A-Za-z{opening}])({YEAR}) ?[{closing}](?=.)"),
        doubled=re.compile(rf"[{opening}]{{2,}}({YEAR})[{closing}]{{2,}}"),
    )


def _number(text: str, parameters: Parameters) -> Reading:
    if len(text) > LONGEST:
        return Reading(None, ("DOC_NO_OTHER_WORDS",))
    brackets = _brackets(parameters.get(STANDARD, ""))
    plain = brackets.doubled.sub(r"〔\1〕", WRAPPED.sub(r"\1", AROUND.sub(r"\1", text.translate(WIDTHS))))
    found = brackets.pair.findall(plain)
    if len(found) > 1 or TWO.search(plain):
        return Reading(None, ("DOC_NO_TWO_NUMBERS",))
    if not found:
        return _repaired(plain, brackets, parameters)
    if not SERIAL_SIGN.search(plain[plain.index(found[0]) + len(found[0]) :]):
        return Reading(None, ("DOC_NO_SERIAL_MISSING",))
    return _alone(brackets.pair.sub(r"〔\1〕", plain))


def _repaired(plain: str, brackets: Brackets, parameters: Parameters) -> Reading:
    """One bracket or both are missing: put in only when there is one place for them."""
    for rule in (brackets.unclosed, brackets.unopened):
        found = rule.findall(plain)
        if len(found) > 1:
            return Reading(None, ("DOC_NO_TWO_NUMBERS",))
        if found:
            return _alone(rule.sub(r"〔\1〕", plain), "DOC_NO_BRACKET_INSERTED")
    if not ANY_SIGN.search(plain):
        return Reading(None, ("DOC_NO_UNREADABLE",))
    if parameters.get("year") == "optional":
        return Reading(plain)
    return Reading(None, ("DOC_NO_BRACKETS_MISSING" if BARE.search(plain) else "DOC_NO_YEAR_MISSING",))


def _alone(text: str, *codes: str) -> Reading:
    """The number, where nothing else stands beside it. Spaces beside the year and in Chinese are layout."""
    if OTHER.search(text):
        return Reading(None, ("DOC_NO_OTHER_WORDS",))
    return Reading(re.sub(r"(?<=[^ -~]) | (?=[^ -~])", "", text), codes)


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
