"""`fine_from_text` and `confiscation_from_text`: one amount out of a penalty sentence, in 元.

Amounts are replaced by a sign, then the sentence is matched against the few forms that are certain:
罚款…§, §罚款, 没收违法所得…§, 没收§违法所得, 违法所得§予以没收. A total (罚没合计, 共计), a limit (以上, 以下),
a late fee (加处罚款) and an amount of anything else are never taken. Two amounts, or two counts, have no value.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from unicodedata import normalize

import pyarrow as pa
import pyarrow.compute as pc

from transforms.converters.amounts import Amount, amounts, settle
from transforms.converters.column import converter
from transforms.converters.contract import MONEY, Parameters, Reading, Sure
from transforms.converters.text import clean

LONGEST = 5000  # no sentence is longer; each amount is looked for in the whole text
HOLE = "§"  # an amount; its place in the sentence tells what it is
LIMIT = "¤"  # an amount that is a limit, a rate or has no single reading
FRAME = r"[(（]?(?:大写|小写|人民币|即|计|[:： ¥])*[)）]?(?:大写|小写|人民币|即|计|[:： ¥])*"
TWICE = re.compile(rf"{HOLE}(?=[(（:：大小即]|,\(?(?:大写|小写|即)),?(?P<open>[(（]?){FRAME}{HOLE}[)）]?")
_FROM_TO = r"至到\-~—+*x×=和与及、"
AROUND = re.compile(
    rf"(?:{HOLE}|{LIMIT})(?=[{_FROM_TO}][{HOLE}{LIMIT}](?!的?(?:行政)?罚款))|(?<=[{HOLE}{LIMIT}][{_FROM_TO}]){HOLE}"
    rf"(?!的?(?:行政)?罚款)|{HOLE}(?=[*x×=][0-9])"
)
BOUND = re.compile(
    rf"{HOLE}(?=(?:\(含(?:本数)?\))?(?:以上|以下|以内|以外|上下|左右|余|多|/|每))"
    rf"|(?<=不超过){HOLE}|(?<=不低于){HOLE}|(?<=不少于){HOLE}"
    rf"|(?<=最高){HOLE}|(?<=至多){HOLE}|(?<=超过){HOLE}|(?<=每日){HOLE}"
)
NAMES = r"(?:违法所得|非法所得|违法收入|非法收入|非法财物|违法财物|违法物品|非法物品)"
_SAYING = "金额|数额|总额|人民币|共计|合计|总计|计|为|即"
LINK = rf"(?:款项|大写|小写|价值|折合|{_SAYING}|[是共款]|[(): ¥\"“”]|,(?={_SAYING})|(?<=[大小]写\)),){{0,6}}"
_UNLESS = ("加处", "不予", "免予", "免除", "免于", "减免", "拟处", "拟", "原", "缴纳", "缴", "上述", "该", "前述", "将")
NOT_A_FINE = "".join(f"(?<!{word})" for word in _UNLESS)
NOT_GONE = "(?<!不予)(?<!免予)(?<!免于)(?<!不再)"
FINE = re.compile(
    rf"(?P<after>{NOT_A_FINE}罚款)(?P<link>{LINK}){HOLE}(?P<next>罚款)?"
    rf"|(?:^|(?<=[处予以出罚定的即,，。;；:：并 )）]))(?:人民币| |¥)*(?P<before>{HOLE})(?:人民币)?的?(?:行政)?罚款"
    rf"(?:{LINK}(?P<again>{HOLE}))?"
    rf"|没收(?:[^{HOLE}{LIMIT}。；;]{{0,12}}?){NAMES}{LINK}(?P<gone>{HOLE})|(?<![处款])罚(?P<short>{HOLE})"
)
CONFISCATION = re.compile(
    rf"{NOT_GONE}没收(?:[^{HOLE}{LIMIT}。；;罚]{{0,12}}?){NAMES}(?P<link>{LINK}){HOLE}"
    rf"|{NOT_GONE}没收(?:人民币)?{HOLE}的?{NAMES}?|{NAMES}(?P<link2>{LINK}){HOLE}[,，]?(?:依法)?(?:予以|全部)?没收"
)
# no amount, no condition, no second party
_CALM = "(?:改正|[^罚没元圆圓角分¥￥万亿整正币RCrc原为各别每加拟免减不该述将缴])*"
PLAIN_FINE = rf"^{_CALM}罚款(?:人民币)?(?P<amount>[0-9]{{1,9}}(?:\.[0-9]{{1,2}})?)元整?(?:[，。；]{_CALM})?$"
PROPOSED = re.compile("(?<![虚模])拟(?=[作给对处罚没予依将])(?!.*[,。;现局终]决定)")  # announced, not decided
BROKEN = re.compile(r"[0-9][0-9.,]*(?: [0-9]{3})+(?=[0-9.]* ?元)")  # 1 000元: one amount, or a number and an amount
UNITS = re.compile(r"(?<=[0-9])\((万?元)\)")
FOREIGN = ("美元", "美金", "港币", "港元", "欧元", "英镑", "日元", "韩元", "卢布", "澳门", "台币")
COUNTED = frozenset("支件只个箱包瓶袋条吨斤公千升米台套份张枚盒本辆头尾株亩平立方册盘粒片块户人次")  # 1万支 is no money
GAPS = re.compile("(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])|(?<=[0-9]) (?=[十百千万亿元])")
TOTAL = re.compile("共计|合计|总计|总额|共")
NO_FINE = "".join(f"(?<!{word})" for word in ("加处", "不予", "免予", "免除", "免于", "缴纳", "缴"))
MENTION = re.compile(
    f"罚没|罚金|处罚[: ]?(?:金额)?[: 为]*{HOLE}|{NO_FINE}罚款(?!数额|的百分|的?[0-9]+%|决定|缴)|缴纳?罚款{LINK}{HOLE}"
)
MIXED = re.compile(rf"罚没(?:款项?|金额)?{LINK}{HOLE}")  # a fine and a confiscation in one amount
EACH = re.compile("各(?:处|处以|罚|罚款|处罚款)|分别(?:处|罚|给予)|每人|每户|每(?:次|辆|台|件)")
ALTERED = re.compile(rf"(?:原(?=[定处罚决拟应])|变更为|改为|减为|调整为|减轻为)[^。；;]{{0,8}}(?:罚款|{HOLE})")


@dataclass(frozen=True, slots=True)
class Sentence:
    """The text with each amount as one sign, and the amounts in the same order."""

    holes: str
    values: tuple[Decimal, ...]
    clash: bool


def sentence(text: str) -> Sentence:
    """Amounts out, signs in. An amount restated in a bracket is merged; if it differs, the two clash."""
    plain = normalize("NFKC", text.replace("￥", "¥").replace(HOLE, " ").replace(LIMIT, " "))
    plain = BROKEN.sub(LIMIT, UNITS.sub(r"\1", GAPS.sub("", plain)))
    holes, values, end = "", [], 0
    for amount in amounts(plain):
        holes += plain[end : amount.start]
        end = amount.end
        if not amount.named and amount.negative is False:
            bare = plain[amount.start : end]
            holes += bare if not _marked(bare) or amount.value is None else HOLE
        else:
            holes += HOLE if amount.value is not None and not amount.negative and _yuan(plain, amount) else LIMIT
        if holes.endswith(HOLE) and amount.value is not None:
            values.append(amount.value)
    return _merged(holes + plain[end:], values)


def _yuan(plain: str, amount: Amount) -> bool:
    """Not 5万美元, and not 5万支: a scale alone does not tell what it is of."""
    before, after = plain[: amount.start], plain[amount.end :]
    return not (before.endswith(FOREIGN) or after.startswith(FOREIGN) or after[:1] in COUNTED)


def _marked(bare: str) -> bool:
    return bare.startswith(("人民币", "¥", "RMB", "CNY"))


def _merged(holes: str, values: list[Decimal]) -> Sentence:
    clash = False
    while found := TWICE.search(holes):
        first = holes.count(HOLE, 0, found.start())
        clash = clash or values[first] != values[first + 1]
        del values[first + 1]
        closing = "" if found["open"] or not found[0].endswith((")", "）")) else found[0][-1]
        holes = holes[: found.start()] + HOLE + closing + holes[found.end() :]
    return _limited(holes, values, clash)


def _limited(holes: str, values: list[Decimal], clash: bool) -> Sentence:
    for rule in (AROUND, BOUND):
        while found := rule.search(holes):
            if HOLE in found[0]:
                del values[holes.count(HOLE, 0, found.start())]
            holes = holes[: found.start()] + (LIMIT if HOLE in found[0] else " ") + holes[found.end() :]
    return Sentence(holes, tuple(values), clash)


def fine(text: str, parameters: Parameters) -> Reading:
    if "罚" not in text:
        return Reading()
    if len(text) > LONGEST:
        return Reading(None, ("FINE_UNREADABLE",))
    said = sentence(text)
    if ALTERED.search(said.holes):
        return Reading(None, ("FINE_TWO_AMOUNTS",))
    if said.values and PROPOSED.search(said.holes):
        return Reading(None, ("FINE_UNREADABLE",))
    both = "没收" in said.holes or "罚没" in said.holes
    found: list[int] = []
    for match in FINE.finditer(said.holes):
        if match["gone"]:
            continue
        if match["next"] or (both and TOTAL.search(match["link"] or "")):
            return Reading(None, ("FINE_UNREADABLE",))
        if match["again"] and len(set(said.values[_at(said, match, "before") : _at(said, match, "again") + 1])) > 1:
            return Reading(None, ("FINE_TWO_AMOUNTS",))
        found.append(said.holes.count(HOLE, 0, match.end()) - 1)
    if not found:
        return Reading(None, ("FINE_UNREADABLE",) if MENTION.search(said.holes) else ())
    return _single(said, found, "FINE")


def _at(said: Sentence, match: re.Match[str], name: str) -> int:
    return said.holes.count(HOLE, 0, match.start(name))


def confiscation(text: str, parameters: Parameters) -> Reading:
    if "没" not in text:
        return Reading()
    if len(text) > LONGEST:
        return Reading(None, ("CONFISCATION_UNREADABLE",))
    said = sentence(text)
    if said.values and PROPOSED.search(said.holes):
        return Reading(None, ("CONFISCATION_UNREADABLE",))
    found: list[int] = []
    for match in CONFISCATION.finditer(said.holes):
        link = match["link"] or match["link2"] or ""
        if "罚" in said.holes and TOTAL.search(link):
            return Reading(None, ("CONFISCATION_UNREADABLE",))
        found.append(said.holes.count(HOLE, 0, match.start()) + match[0].count(HOLE) - 1)
    if not found and MIXED.search(said.holes):
        return Reading(None, ("CONFISCATION_UNREADABLE",))
    if not found:
        return Reading(None, ("CONFISCATION_NO_AMOUNT",) if "没收" in text else ())
    return _single(said, found, "CONFISCATION")


def _single(said: Sentence, found: list[int], what: str) -> Reading:
    if said.clash or len(found) > 1 or EACH.search(said.holes):
        return Reading(None, (f"{what}_TWO_AMOUNTS",))
    return settle(said.values[found[0]])


def _quiet_fines(column: pa.Array, parameters: Parameters) -> Sure:
    """No fine at all, or one fine in the plainest form and nothing else that could be an amount."""
    if parameters.get("traditional") == "yes":
        return Sure(pa.repeat(False, len(column)), pa.nulls(len(column), MONEY))
    single = pc.and_(pc.match_substring_regex(column, PLAIN_FINE), clean(column))
    values = pc.struct_field(pc.extract_regex(column, PLAIN_FINE), "amount").cast(MONEY)
    return Sure(pc.or_(single, _without("罚", column)), pc.if_else(single, values, pa.scalar(None, MONEY)))


def _quiet_confiscations(column: pa.Array, parameters: Parameters) -> Sure:
    return Sure(_without("没", column), pa.nulls(len(column), MONEY))


def _without(word: str, column: pa.Array) -> pa.BooleanArray:
    return pc.and_not(clean(column), pc.match_substring(column, word))


fine_from_text = converter(MONEY, fine, _quiet_fines)
confiscation_from_text = converter(MONEY, confiscation, _quiet_confiscations)
