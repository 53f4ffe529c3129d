"""Values from code lists: `boolean`, `penalty_kind`, `counterparty_category`, `licence_category`, `code:<list>`.

A value is known by its code or by its word, or by an alias that `codes/aliases.csv` writes down. An unknown
value is flagged and never gets a default. `code:<list>` gives the code where the list has codes and the word
where it has none; `give: word` always gives the word. 其他 must name its kind: 其他-补办.
`boolean` takes more words from `true_words` and `false_words`, separated by |.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import schemas
from schemas.standard import code_list
from transforms.converters.column import converter
from transforms.converters.contract import BOOLEAN, TEXT, Converter, Parameters, Reading
from transforms.converters.parameters import WORDS, one_of

STANDARD = ("enforcement", "1.0")
FOLDER = Path(schemas.__file__).parent / "standards" / STANDARD[0] / STANDARD[1] / "codes"
OTHER = re.compile(r"其[他它](?:种?类?|类别)? ?(?:[-－—–:： ]+|(?=[(（]))[(（]?(?P<kind>.+?)[)）]?")
BARE_OTHER = frozenset({"其他", "其它", "其他-", "06", "其他-**"})
TRUE = frozenset({"是", "1", "true", "t", "yes", "y", "真"})
FALSE = frozenset({"否", "0", "false", "f", "no", "n", "假"})
SEPARATORS = re.compile(r"[、,，;；]+")
COMBINED = "没收违法所得、没收非法财物"
EITHER = re.compile(r"暂扣(?:或者?|、|/)吊销.*")


@dataclass(frozen=True, slots=True)
class CodeList:
    """One list: each accepted spelling to (code, word), and whether 其他-… is open to any kind."""

    entries: Mapping[str, tuple[str, str]]
    open: bool


@cache
def load(name: str) -> CodeList:
    """The list by file name. Raises StandardError when it does not exist."""
    entries: dict[str, tuple[str, str]] = {}
    is_open = False
    for row in code_list(*STANDARD, name):
        word = row.get("name_zh") or row.get("name_en") or ""
        if word.startswith("其他") and name in OPEN:
            is_open = True
            continue
        for spelling in (row.get("code") or "", word):
            if spelling:
                entries[spelling] = (row.get("code") or "", word)
    for row in code_list(*STANDARD, "aliases"):
        if row["list"] == name and row["name_zh"] in entries:
            entries.setdefault(row["alias"], entries[row["name_zh"]])
    return CodeList(entries, is_open)


OPEN = frozenset({"penalty_kind", "permit_category", "id_document_type"})


@cache
def list_names() -> tuple[str, ...]:
    """Lists that `code:<list>` can read: those with one word, and at most one code, a row."""
    found = []
    for path in sorted(FOLDER.glob("*.csv")):
        columns = code_list(*STANDARD, path.stem)[0].keys()
        if "list" not in columns and "why" not in columns and {"name_zh", "name_en"} & columns:
            found.append(path.stem)
    return tuple(found)


def _look_up(text: str, known: CodeList, *, word: bool) -> Reading:
    entry = known.entries.get(text) or known.entries.get(text.replace(" ", ""))
    if entry:
        return Reading(entry[1] if word or not entry[0] else entry[0])
    if not known.open:
        return Reading(None, ("CODE_UNKNOWN",))
    if text in BARE_OTHER:
        return Reading(None, ("CODE_OTHER_UNNAMED",))
    other = OTHER.fullmatch(text)
    if other and other["kind"].strip(" -－—–:：*()（）"):
        return Reading(f"其他-{other['kind'].strip()}")
    return Reading(None, ("CODE_UNKNOWN",))


def code(name: str) -> Converter:
    """`code:<list>` for one list."""
    known = load(name)

    def scalar(text: str, parameters: Parameters) -> Reading:
        return _look_up(text, known, word=parameters.get("give") == "word")

    return converter(TEXT, scalar, takes={"give": one_of("word", "code")})


def _words_of(name: str) -> Converter:
    def scalar(text: str, parameters: Parameters) -> Reading:
        return _look_up(text, load(name), word=True)

    return converter(TEXT, scalar)


def _kinds(text: str, parameters: Parameters) -> Reading:
    codes: list[str] = []
    if EITHER.search(text):
        return Reading(None, ("PENALTY_KIND_AMBIGUOUS",))
    if COMBINED in text.replace(" ", ""):
        codes.append("PENALTY_KIND_COMBINED")
    kinds: list[str] = []
    for part in filter(None, (part.strip() for part in SEPARATORS.split(text))):
        reading = _look_up(part, load("penalty_kind"), word=True)
        if reading.value is None:
            return Reading(None, reading.codes)
        kinds.append(str(reading.value))
    if not kinds:
        return Reading(None, ("CODE_UNKNOWN",))
    return Reading(";".join(dict.fromkeys(kinds)), tuple(codes) if ";" in text or "、" in text else ())


def _boolean(text: str, parameters: Parameters) -> Reading:
    word = text.lower()
    if word in TRUE or text in _extra(parameters, "true_words"):
        return Reading(True)
    if word in FALSE or text in _extra(parameters, "false_words"):
        return Reading(False)
    return Reading(None, ("BOOLEAN_UNKNOWN",))


def _extra(parameters: Parameters, key: str) -> frozenset[str]:
    return frozenset(parameters.get(key, "").split("|")) - {""}


boolean = converter(BOOLEAN, _boolean, takes={"true_words": WORDS, "false_words": WORDS})
penalty_kind = converter(TEXT, _kinds)
counterparty_category = _words_of("counterparty_category")
licence_category = _words_of("permit_category")
