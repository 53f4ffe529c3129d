"""The registry of findings: every code has plain words in both languages; only errors hold a record."""

import re
from pathlib import Path

import numpy as np
import pytest

from schemas import findings
from schemas.findings import Flag, held_rows, registry, severity

HEAD = "code,severity,title_zh,title_en,remedy_zh,remedy_en\n"


def _one(level: str) -> str:
    return next(code for code, entry in registry().items() if entry.severity == level)


@pytest.mark.parametrize("code", sorted(registry()))
def test_a_code_is_plain_and_said_in_both_languages(code: str) -> None:
    entry = registry()[code]

    assert re.fullmatch(r"[A-Z][A-Z0-9_]*", code)
    assert all(re.search(r"[\u4e00-\u9fff]", text) for text in (entry.title_zh, entry.remedy_zh))
    assert all(re.search(r"[A-Za-z]", text) for text in (entry.title_en, entry.remedy_en))


def test_only_an_error_holds_a_row() -> None:
    flags = [
        Flag(_one("error"), "a", np.array([0, 3])),
        Flag(_one("warning"), "a", np.array([1, 3])),
        Flag(_one("error"), "b", np.array([], dtype=np.int64)),
    ]

    assert held_rows(flags, 5).tolist() == [True, False, False, True, False]
    assert held_rows([], 2).tolist() == [False, False]


def test_a_code_outside_the_registry_is_a_defect() -> None:
    with pytest.raises(KeyError):
        severity("no.such_code")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["x,error,甲,a,乙,b\n", "x,error,甲,a,乙,b\n"], "2.csv: finding code x is defined twice"),
        (["x,fatal,甲,a,乙,b\n"], "severity is 'fatal'"),
    ],
)
def test_a_registry_that_contradicts_itself_is_refused(
    files: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, lines in enumerate(files, 1):
        (tmp_path / f"{number}.csv").write_text(HEAD + lines, encoding="utf-8")
    monkeypatch.setattr(findings, "CODES_FOLDER", tmp_path)

    with pytest.raises(ValueError, match=message):
        registry.__wrapped__()
