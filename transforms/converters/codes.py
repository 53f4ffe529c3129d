"""Values from code lists: `boolean`, `penalty_kind`, `counterparty_category`, `licence_category`, `code:<list>`.

A value is known by its code or by its word, or by an alias that `codes/aliases.csv` writes down. An unknown
value is flagged and never gets a default. `code:<list>` gives the code where the list has codes and the word
where it has none; `give: word` always gives the word. 其他 must name its kind: 其他-补办.
`boolean` takes more words from `true_words` and `false_words`, separated by |.

The lists are those of the version of the standard that the load is bound to: `compile_mapping` hands it on as the
parameter STANDARD. Without it (`guiji convert`) they are those in force today.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import pyarrow as pa

from schemas.standard import code_list, in_force
from schemas.version_files import code_list_names, names, versions
from transforms.converters.column import converter
from transforms.converters.contract import BOOLEAN, TEXT, Converted, Converter, Parameter, Parameters, Reading
from transforms.converters.parameters import EVERY, WORDS, one_of

STANDARD = "standard"
"""The parameter that names the version, as enforcement/1.1; no mapping may give it."""
OTHER = re.compile(r"其[他它](?:种?类?|类别)? ?(?:[-－—–:： ]+|(?=[(（]))[(（]?(?P<kind>.+?)[)）]?")
BARE_OTHER = frozenset({"其他", "其它", "其他-", "06", "其他-**"})
TRUE = frozenset({"是", "1", "1.0", "true", "t", "yes", "y", "真", *"√✓✔☑"})
FALSE = frozenset({"否", "0", "0.0", "false", "f", "no", "n", "假", *"×✗✘☒"})
SEPARATORS = re.compile(r"[、,，;；]+")
JOINED = r"(?:[、,，;；。+/|&\s]|并处|并|以及|和|及)*"
COMBINED = "没收违法所得、没收非法财物"
EITHER = re.compile(r"暂扣(?:或者?|、|/)吊销.*")


@dataclass(frozen=True, slots=True)
class CodeList:
    """One list: each accepted spelling to (code, word), and whether 其他-… is open to any kind."""

    entries: Mapping[str, tuple[str, str]]
    open: bool


def load(name: str, version: str = "") -> CodeList:
    """The list by file name, in a version written as enforcement/1.1. Raises StandardError when it has no such list."""
    owner = version.split("/") if version else ["enforcement", in_force("enforcement", date.today()).version]
    entries: dict[str, tuple[str, str]] = {}
    is_open = False
    for row in code_list(owner[0], owner[1], name):
        word = row.get("name_zh") or row.get("name_en") or ""
        if word.startswith("其他") and name in OPEN:
            is_open = True
            continue
        for spelling in (row.get("code") or "", word):
            if spelling:
                entries[spelling] = (row.get("code") or "", word)
    for row in code_list(owner[0], owner[1], "aliases"):
        if row["list"] == name and row["name_zh"] in entries:
            entries.setdefault(row["alias"], entries[row["name_zh"]])
    return CodeList(entries, is_open)


OPEN = frozenset({"penalty_kind", "permit_category", "id_document_type"})


def list_names() -> tuple[str, ...]:
    """Lists of any version that `code:<list>` can read: those with one word, and at most one code, a row."""
    found = set()
    for owner, version in ((name, version) for name in names() for version in versions(name)):
        for name in code_list_names(owner, version):
            columns = set().union(*code_list(owner, version, name)[:1])
            if "list" not in columns and "why" not in columns and {"name_zh", "name_en"} & columns:
                found.add(name)
    return tuple(sorted(found))


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


def _listed(
    name: str, read: Callable[[str, CodeList, Parameters], Reading], takes: Mapping[str, Parameter]
) -> Converter:
    """A converter that asks one list; the list of the right version is looked up once a column."""

    def run(column: pa.Array, parameters: Parameters) -> Converted:
        known = load(name, parameters.get(STANDARD, ""))
        return converter(TEXT, lambda text, given: read(text, known, given))(column, parameters)

    return Converter(run, {**EVERY, **takes})


def code(name: str) -> Converter:
    """`code:<list>` for one list."""
    return _listed(
        name,
        lambda text, known, parameters: _look_up(text, known, word=parameters.get("give") == "word"),
        {"give": one_of("word", "code")},
    )


def _words_of(name: str) -> Converter:
    return _listed(name, lambda text, known, _: _look_up(text, known, word=True), {})


@lru_cache(maxsize=8)
def _joined(words: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """One known word, and known words with nothing else but what joins them: 警告并处罚款, 警告罚款."""
    one = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    return re.compile(one), re.compile(f"(?:{JOINED}(?:{one}))+{JOINED}")


def _kinds(text: str, known: CodeList, _: Parameters) -> Reading:
    codes: list[str] = []
    if EITHER.search(text):
        return Reading(None, ("PENALTY_KIND_AMBIGUOUS",))
    if COMBINED in text.replace(" ", ""):
        codes.append("PENALTY_KIND_COMBINED")
    kinds: list[str] = []
    for part in filter(None, (part.strip() for part in SEPARATORS.split(text))):
        reading = _look_up(part, known, word=True)
        each, joined = _joined(tuple(known.entries))
        if reading.codes == ("CODE_UNKNOWN",) and joined.fullmatch(part):
            kinds += [known.entries[word][1] for word in each.findall(part)]
            continue
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
penalty_kind = _listed("penalty_kind", _kinds, {})
counterparty_category = _words_of("counterparty_category")
licence_category = _words_of("permit_category")
