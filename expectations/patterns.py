"""The dialect of patterns that means the same everywhere: to Python, to RE2 inside Arrow, to a receiver's ECMA 262.

A pattern searches (it is not anchored) and `$` is the very end of the text: Python's own `$` also stands before a
last line feed, which would let a value with a line feed through. What engines read differently is refused.
"""

import re

import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import StandardError

ESCAPABLE = frozenset(".^$*+?()[]{}|\\/-")


def compile_pattern(pattern: str, where: str) -> str:
    """The pattern as Arrow takes it. Raises StandardError naming the place when engines would disagree on it."""
    translated = translate(pattern, where, r"\z")
    try:
        re.compile(translate(pattern, where, r"\Z"))
        pc.match_substring_regex(pa.array([""]), translated)
    except (re.error, pa.ArrowInvalid):
        raise _refused(where, "it is not a regular expression") from None
    return translated


def translate(pattern: str, where: str, end: str) -> str:
    """The pattern with `$` outside brackets written as `end`."""
    out: list[str] = []
    in_class, at = False, 0
    while at < len(pattern):
        step = _escape(pattern, at, where) if pattern[at] == "\\" else pattern[at]
        if step == "[" and in_class:
            raise _refused(where, "a bracket inside brackets is written \\[")
        if step == "(" and pattern.startswith("(?", at) and not pattern.startswith("(?:", at):
            raise _refused(where, "of the groups (?…) only (?:…) is allowed")
        if step == "{" and not in_class and not re.match(r"\{[0-9]+(,[0-9]*)?\}", pattern[at:]):
            raise _refused(where, "a brace is a repetition {n}, {n,}, {n,m}; as a sign it is written \\{")
        if step in "*+?}" and not in_class and pattern[at + 1 : at + 2] == "+":
            raise _refused(where, "possessive repetition differs between engines")
        out.append(end if step == "$" and not in_class else step)
        opened = step == "[" and not in_class
        in_class = opened or (in_class and step != "]")
        at += len(step)
        if opened:
            at = _class_head(pattern, at, out, where)
    return "".join(out)


def _class_head(pattern: str, at: int, out: list[str], where: str) -> int:
    if pattern[at : at + 1] == "^":
        out.append("^")
        at += 1
    if pattern[at : at + 1] == "]":
        raise _refused(where, "a closing bracket inside brackets is written \\]")
    return at


def _escape(pattern: str, at: int, where: str) -> str:
    pair = pattern[at : at + 2]
    if len(pair) < 2 or pair[1] not in ESCAPABLE:
        raise _refused(where, f"{pair} differs between engines; write the characters out, as in [0-9]")
    return pair


def _refused(where: str, why: str) -> StandardError:
    return StandardError("this pattern cannot be used", where=where, remedy=why)
