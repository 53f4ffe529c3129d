"""Owns the 24 characters that Python's GB18030 tables still send to private-use code points.

GB 18030-2005 and -2022 gave these two-byte codes real characters; left alone, a name would reach its receiver as an
empty box. The table is the published difference between the editions.
"""

import re

VERTICAL = zip((*range(0xE78D, 0xE797),), (0xFE10, 0xFE12, 0xFE11, *range(0xFE13, 0xFE1A)), strict=True)
RADICALS = zip((0xE81E, 0xE826, 0xE82B, 0xE82C, 0xE832, 0xE843, 0xE854, 0xE864), range(0x9FB4, 0x9FBC), strict=True)
RARE = (
    (0xE816, 0x20087),
    (0xE817, 0x20089),
    (0xE818, 0x200CC),
    (0xE831, 0x215D7),
    (0xE83B, 0x2298F),
    (0xE855, 0x241FE),
)
MODERN = {old: chr(new) for old, new in (*VERTICAL, *RADICALS, *RARE)}
OLD = re.compile("[" + "".join(map(chr, MODERN)) + "]")


def modern(text: str) -> str:
    """Text decoded as GB18030, with the 2022 edition's characters."""
    return text.translate(MODERN) if OLD.search(text) else text
