"""The 6,763 characters of GB 2312 as regular-expression classes: what clean Simplified text is made of."""

import re
from collections.abc import Iterable, Iterator

PUNCTUATION = "、。〈〉《》「」『』【】〔〕，！？：；（）“”‘’…—·"


def _gb2312() -> Iterator[int]:
    for row in range(0xB0, 0xF8):
        for cell in range(0xA1, 0xFF):
            if row < 0xD7 or row > 0xD7 or cell <= 0xF9:
                yield ord(bytes((row, cell)).decode("gb2312"))


def _ranges(codes: Iterable[int]) -> str:
    """The body of a character class that holds exactly these code points."""
    runs: list[list[int]] = []
    for code in sorted(codes):
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(chr(a) if a == b else f"{chr(a)}-{chr(b)}" for a, b in runs)


HANZI = _ranges(set(_gb2312()) - {ord("锟")})  # 锟 begins 锟斤拷, what lost bytes look like
_SIGN = rf"!->@-~{PUNCTUATION}{HANZI}"
CLEAN = f"^[{_SIGN}]+(?: [{_SIGN}]+)*$"  # what `repair` neither changes nor flags; read by RE2 and by re alike
_OTHER_HANZI = _ranges(set(range(0x4E00, 0xA000)) - set(_gb2312()))
OUTSIDE_GB2312 = re.compile(f"[{_OTHER_HANZI}\u3400-\u4dbf\ue000-\uf8ff]")
