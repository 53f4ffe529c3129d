"""Owns the reading of GB 18030, GBK and GB 2312, where Python's tables are behind.

Python 3.11 decodes 25 two-byte codes of GB 18030 to private-use code points; left alone, a name would reach its
receiver as an empty box. Evidence, by decoding all 23,940 two-byte codes (2026-11-25):
- glibc 2.36 `iconv -f GB18030` differs from Python in these 25 and in no other. Each stands below as glibc has it.
- ICU 78.2 (Node 20, TextDecoder) differs in 19 of them (A8BC of the 2005 edition, and the 18 that the 2022 edition
  changed: vertical punctuation and radicals), the same way. The six of RARE it leaves in the private-use area, as the
  2022 edition does; the characters are those that Unicode has for these very glyphs, and only so can they be shown.
- ICU also reads A3A0 as a space, which is the WHATWG's, not the standard's: not taken over.
GBK is a subset. Of GB 2312 Python reads A1A4, the dot in 阿依·古丽, as U+30FB: so all three are read as GB 18030.
`tests/transforms/decoders/test_national.py` asks iconv again.
"""

import codecs
import re
from collections.abc import Callable

from schemas.errors import SourceChanged

NATIONAL = frozenset({"gb18030", "gbk", "gb2312"})  # as Python's registry calls them; cp936 is gbk there
VERTICAL = zip((*range(0xE78D, 0xE797),), (0xFE10, 0xFE12, 0xFE11, *range(0xFE13, 0xFE1A)), strict=True)
RADICALS = zip((0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864), range(0x9FB4, 0x9FBC), strict=True)
PINYIN = ((0xE7C7, 0x1E3F),)
RARE = (
    (0xE816, 0x20087),
    (0xE817, 0x20089),
    (0xE818, 0x200CC),
    (0xE831, 0x215D7),
    (0xE83B, 0x2298F),
    (0xE855, 0x241FE),
)
MODERN = {old: chr(new) for old, new in (*VERTICAL, *RADICALS, *PINYIN, *RARE)}
OLD = re.compile("[" + "".join(map(chr, MODERN)) + "]")


def modern(text: str) -> str:
    """Text that Python decoded as GB 18030, with the characters of today."""
    return text.translate(MODERN) if OLD.search(text) else text


def text_decoder(encoding: str, where: str = "") -> Callable[[bytes, bool], str]:
    """Decodes piece by piece, the last one with True; bytes of no meaning become U+FFFD.

    Raises LookupError for no encoding; the decoder raises SourceChanged for UTF-16 or 32 that does not begin as such.
    """
    national = codecs.lookup(encoding).name in NATIONAL
    decoder = codecs.getincrementaldecoder("gb18030" if national else encoding)("replace")

    def decode(raw: bytes, final: bool) -> str:
        try:
            text = decoder.decode(raw, final)
        except UnicodeError:  # their text quotes the bytes
            raise SourceChanged(f"is not in {encoding}", where=where, remedy="correct format.encoding") from None
        return modern(text) if national else text

    return decode
