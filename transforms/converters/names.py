"""`party_name` and `org_name`: Chinese names with full-width brackets and without layout spaces.

A case title glued to a company's name is cut only when the organisation's suffix ends the name and what
follows is surely a case: a word that opens an accusation, 案 at the end, no branch in between.
Everything else that reads like a case title is flagged and has no value, and so is a name with a document's or
telephone number in it, and what is no name at all (无, /). The label before a name (当事人：) and a full stop or
semicolon after it go. Names that were masked, lost a character (张?) or may be several are kept with a warning.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

from transforms.converters.column import converter
from transforms.converters.contract import TEXT, Parameters, Reading, Sure
from transforms.converters.text import clean

LONGEST = 500  # characters; the longest registered names have some 200
CHINESE = re.compile("[\u3400-\u9fff]")
SPACES = re.compile("(?<=[\u3400-\u9fff（）·]) | (?=[\u3400-\u9fff（）·])")
BRACKETS = str.maketrans("()", "（）")
SUFFIX = "有限责任公司|股份有限公司|有限公司|专业合作社|合伙企业（有限合伙）|合伙企业（普通合伙）"
ACCUSED = (
    "涉嫌|未经|未按|未取得|未依法|未办理|未|违反|违法|违规|擅自|非法|无证|无照|不按|不正当|生产|销售|经营|使用|"
    "发布|超|逾期|虚假|拒不|提供|侵犯|冒用|伪造|以|在|利用|将|对|将|进口|储存|运输|排放|占用|拖欠|不"
)
DOTS = re.compile("(?<=[\u3400-\u9fff])[•‧・･⋅](?=[\u3400-\u9fff])")  # 阿依古丽·买买提: one dot, many code points
NUMBER = re.compile("[0-9]{15}|[0-9]{8}[*]{4}|(?<![0-9])1[3-9][0-9]{9}(?![0-9])|[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{10}")
MASKED = re.compile("[*＊]|^[\u3400-\u9fff](?:某{1,2}|[xX×]{1,2})$")
SEVERAL = re.compile("(?<=[\u3400-\u9fff）])[、，,;；](?=[\u3400-\u9fff])|等[0-9一二三四五六七八九十两多]*[人户家]$")
LOST = re.compile("[?？]")
CASE = re.compile(rf"(?P<name>[^，,。；;]*?(?:{SUFFIX}))(?P<case>(?:{ACCUSED})[^公司店厂]*案(?:件)?)")
TITLE = re.compile(  # 设计方案, 图案 and 档案 are businesses; a short name that ends in 案 is a person's
    "(?:涉嫌|违反|违法|擅自|未经|未按|非法|无证|无照).*案件?$|.{4,}(?<![方图档文教草提答个])案$|案件$"
    "|涉嫌|(?:违法|违规|未.*)行为$|(?:决定|告知|通知)书$|的行政处罚$"
)
LABEL = re.compile("^(?:当事人|被处罚人|行政相对人|单位|企业|公司)?(?:名称|姓名)?[:：] ?(?=.)")
BRACKETED = re.compile("（[^（）]*）")  # （经营者：张三） is how an individual business is written
END = re.compile("[。；;，,、 ]+$")
NO_NAME = re.compile(
    "[^\u3400-\u9fffA-Za-z\U00020000-\U0003ffff\ue000-\uf8ff]*|无|暂无|不详|未知|空|(?i:null|none|n/a)"
)
LAYOUT = r"[() ?？*＊、，,;；:：。]|案件?$|某$|[xX×]$|等.*[人户家]$|[0-9]{8}|涉嫌|行为$|书$|处罚$|^\P{Han}*$|^.{1,2}$"


DOUBTS = {"PARTY_NAME_MASKED": MASKED, "PARTY_NAME_SEVERAL": SEVERAL, "TEXT_LOST_CHARACTERS": LOST}


def _written(text: str) -> str:
    """Brackets and spaces as Chinese names have them. A name without Chinese stays as it is."""
    if not CHINESE.search(text):
        return text
    return DOTS.sub("·", SPACES.sub("", text.translate(BRACKETS)))


def _organisation(text: str, parameters: Parameters) -> Reading:
    return Reading(_written(text))


def _party(text: str, parameters: Parameters) -> Reading:
    if len(text) > LONGEST:
        return Reading(None, ("PARTY_NAME_OTHER_WORDS",))
    name = END.sub("", LABEL.sub("", _written(text)))
    if NO_NAME.fullmatch(name):
        return Reading(None, ("PARTY_NAME_MISSING",))
    found = CASE.fullmatch(name)
    if found:
        return Reading(found["name"], ("PARTY_NAME_CASE_CUT",))
    if TITLE.search(name):
        return Reading(None, ("PARTY_NAME_CASE_TITLE",))
    if NUMBER.search(name):
        return Reading(None, ("PARTY_NAME_HOLDS_NUMBER",))
    if re.search("[:：]", BRACKETED.sub("", name)):
        return Reading(None, ("PARTY_NAME_OTHER_WORDS",))
    return Reading(name, tuple(code for code, sign in DOUBTS.items() if sign.search(name)))


def _plain_names(column: pa.Array, parameters: Parameters) -> Sure:
    if parameters.get("traditional") == "yes":
        return Sure(pa.repeat(False, len(column)), column)
    return Sure(pc.and_not(clean(column), pc.match_substring_regex(column, LAYOUT)), column)


org_name = converter(TEXT, _organisation, _plain_names)
party_name = converter(TEXT, _party, _plain_names)
