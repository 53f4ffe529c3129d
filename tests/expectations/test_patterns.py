"""One dialect of patterns: what engines read alike passes, the rest is refused by name."""

import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.patterns import compile_pattern, translate
from schemas.errors import StandardError

USED = [
    "^[1-9A-HJ-NP-RTUWXY][0-9]{2}$",
    "(^|;)罚款(;|$)",
    "^(0|[1-9][0-9]{0,3})(\\.[0-9]{1,6})?$",
    "〔(19|20)[0-9]{2}〕",
    "(?:一案|案件?)$",
    "[$^]",
    "a.c",
    "^[^;]+$",
    "x*?y",
]


@pytest.mark.parametrize("pattern", USED)
@given(text=st.text(alphabet="019AXac;罚款案件一〔〕20$^.xy\n", max_size=9))
def test_python_and_arrow_agree(pattern: str, text: str) -> None:
    python = re.search(translate(pattern, "here", r"\Z"), text) is not None
    assert pc.match_substring_regex(pa.array([text]), compile_pattern(pattern, "here"))[0].as_py() == python


def test_a_last_line_feed_is_not_the_end() -> None:
    assert not pc.match_substring_regex(pa.array(["ab\n"]), compile_pattern("^ab$", "here"))[0].as_py()


@pytest.mark.parametrize(
    "pattern",
    [
        "\\d+",
        "\\w",
        "\\s",
        "\\bx",
        "(?i)a",
        "(?=a)",
        "(?P<n>a)",
        "a\\",
        "a{,3}",
        "{",
        "a++",
        "a?+",
        "[[:alpha:]]",
        "[]a]",
        "(a",
        "\\1",
        "a{2000}",
    ],
)
def test_what_engines_read_differently_is_refused(pattern: str) -> None:
    with pytest.raises(StandardError, match=r"penalty\.pattern"):
        compile_pattern(pattern, "penalty.pattern")
