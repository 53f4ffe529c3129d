"""Repair of one text, used by every converter: widths, spaces, invisible signs, pinyin, mojibake.

What is changed, and only this:
- full-width digits, Latin letters and the ideographic space become half-width. Chinese punctuation,
  full-width brackets included, stays as it is: it is how Chinese is written;
- runs of white space, line breaks included, become one space; the ends are trimmed;
- zero-width and direction marks and control characters go, with a warning;
- a bracket that holds only toned pinyin after a Chinese character goes, and that character becomes Simplified;
- UTF-8 that was read as GBK or Latin-1 (and GBK read as Latin-1) is read back when the way back is certain.
What was lost cannot come back. U+FFFD is bytes surely lost: an error, no value. Private-use characters (rare
characters of names, often), runs of ?? and bopomofo (。ㄒ) may be as they were written: kept,
with a warning.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

import opencc

from transforms.converters.hanzi import CLEAN, OUTSIDE_GB2312

WIDTHS = {code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
SPACES = re.compile(r"\s+")
LOST = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd\u3105-\u312f]|\\?\\?")
TONES = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜńňǹḿ"
PINYIN = re.compile(rf"([\u3400-\u9fff])[(（]((?=[^)）]*[{TONES}])[a-zü{TONES}]{{1,7}})[)）]", re.IGNORECASE)
LATIN = re.compile("[\u0080-\u00ff]")
WESTERN = {0x80 + i: c for i, c in enumerate("€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ")}
FROM_WESTERN = {ord(c): code for code, c in WESTERN.items()}
CHINESE = re.compile("[\u4e00-\u9fff\u3001-\u3011\u3014\u3015\u2014\u2018-\u201d\u2026\uff01-\uff5e\x20-\x7e\n]+")
REPLACED = "锟斤拷"
ROUNDS = 8
NOTHING_TO_DO = re.compile(CLEAN.removeprefix("^").removesuffix("$"))


@dataclass(frozen=True, slots=True)
class Repaired:
    """`damaged`: what was written is surely lost (mojibake, U+FFFD), the text has no value."""

    text: str
    codes: tuple[str, ...] = ()
    damaged: bool = False


def repair(text: str, *, traditional: bool = False) -> Repaired:
    """The repaired text and the codes of what was done. Doing it twice changes nothing more."""
    if not traditional and NOTHING_TO_DO.fullmatch(text):
        return Repaired(text)
    codes: list[str] = []
    for _ in range(ROUNDS):
        before = text
        text = _mojibake(text, codes)  # first: the way back needs every byte
        text = _signs(text, codes)
        text = _pinyin(text, codes)
        if traditional:
            text = _t2s().convert(text)
        if text == before:
            break
    damaged = _damaged(text)
    if damaged:
        codes.append("TEXT_MOJIBAKE")
    elif "\ufffd" in text:
        codes.append("TEXT_REPLACED_CHARACTERS")
        damaged = True
    elif LOST.search(text):
        codes.append("TEXT_LOST_CHARACTERS")
    return Repaired(text, tuple(dict.fromkeys(codes)), damaged)


def _signs(text: str, codes: list[str]) -> str:
    text = text.translate(WIDTHS)
    if INVISIBLE.search(text):
        codes.append("TEXT_INVISIBLE_REMOVED")
        text = INVISIBLE.sub("", text)
    if CONTROL.search(text):
        codes.append("TEXT_CONTROL_REMOVED")
        text = CONTROL.sub("", text)
    return SPACES.sub(" ", text).strip()


def _pinyin(text: str, codes: list[str]) -> str:
    if not PINYIN.search(text):
        return text
    codes.append("TEXT_PINYIN_REMOVED")
    marked: set[int] = set()
    plain = ""
    end = 0
    for found in PINYIN.finditer(text):
        plain += text[end : found.start()] + found[1]
        marked.add(len(plain) - 1)
        end = found.end()
    plain += text[end:]
    simple = _t2s().convert(plain)
    if len(simple) != len(plain):
        return plain
    return "".join(simple[i] if i in marked else sign for i, sign in enumerate(plain))


def _mojibake(text: str, codes: list[str]) -> str:
    back = _way_back(text)
    if back is None:
        return text
    codes.append("TEXT_MOJIBAKE_REPAIRED")
    return back


def _way_back(text: str) -> str | None:
    """The original of a text read in a wrong charset, or None when there is no certain one."""
    if text.isascii():
        return None
    if OUTSIDE_GB2312.search(text):
        found = _chinese(text, "gb18030", "utf-8")
        if found is not None:
            return found
    if not LATIN.search(text):
        return None
    western = text.translate(FROM_WESTERN)
    return _chinese(western, "latin-1", "utf-8") or (
        _chinese(western, "latin-1", "gb2312") if len(LATIN.findall(western)) >= 4 else None
    )


def _chinese(text: str, wrong: str, right: str) -> str | None:
    try:
        back = text.encode(wrong).decode(right)
    except UnicodeError:
        return None
    return back if CHINESE.fullmatch(back) and not back.isascii() else None


def _damaged(text: str) -> bool:
    """Mojibake that lost bytes: all but the end reads back, or it shows the sign of replaced bytes."""
    if text.isascii():
        return False
    if REPLACED in text:
        return True
    if not OUTSIDE_GB2312.search(text):
        return False
    head = text.rstrip("?\ufffd。 ")
    try:
        raw = head.encode("gb18030")
        back = raw.decode("utf-8", "ignore")
    except UnicodeError:
        return False
    good = back.encode("utf-8")
    if not raw.startswith(good) or not 0 < len(raw) - len(good) <= 2:
        return False
    return len(raw) >= (4 if head != text else 6) and _rare(back)


def _rare(text: str) -> bool:
    return bool(CHINESE.fullmatch(text)) and not text.isascii() and unicodedata.category(text[0]) == "Lo"


@cache
def _t2s() -> "opencc.OpenCC":
    return opencc.OpenCC("t2s")
