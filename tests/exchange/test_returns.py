"""A return file keeps every value as text, says what is wrong in plain words, and comes back to the last character."""

import io
import re
import zipfile
from datetime import date

import openpyxl
import pytest

from exchange.correction_rows import _cell
from exchange.return_items import Item, Raw, Words, item, mark
from exchange.returns import HEADER_ROW, LONGEST, OURS, TOO_LONG, text_of, workbook
from exchange.terms import Term
from schemas.standard import in_force
from tests.flow.workbooks import TICKET, Workbook

FEED = "market/penalty"
TERM = Term(date(2026, 3, 2), date(2026, 3, 16), None, False)
HOSTILE = {
    "formula": "=1+1", "plus": "+cmd", "minus": "-2+3", "at": "@SUM(A1)", "tab": "\t=1+1",
    "markup": "<r><t>1</t></r>", "broken markup": "<r></si><si></r>",
    "link": "https://example.invalid/x",
    "quote": "'=1", "escape": "_x0041_", "carriage": "一\r\n二\r三", "control": "a\x07b\x00c", "long": "长" * 40_000,
    "number": "110101199003070012345", "blank": "", "nothing": None, "space": "  前后  ",
    "html": "<script>alert(1)</script>",
    "surrogate": "\ud800x", "percent": "_x000d_ 100%", "date": "2026-03-01",
}  # fmt: skip


def an_item(**more):
    values = {"subject": "17", "feed": FEED, "ticket": 17, "version": None, "load_id": 1, "ordinal": 0, "digest": "dig",
              "key": "k", "source_ref": "1", "term": TERM, "codes": (), "said": (), "settled": False}  # fmt: skip
    return Item(**{**values, **more})


def a_book(site, one, values):
    feed = site.catalog.feed(FEED)
    kind = in_force("enforcement", date(2026, 3, 2)).record_types["penalty"]
    return workbook(feed, kind, [(one, "c" * 20)], {one.subject: Raw(values, "raw")})


@pytest.fixture
def hostile(site, tmp_path):
    path = tmp_path / "hostile.xlsx"
    path.write_bytes(a_book(site, an_item(), {k: v for k, v in HOSTILE.items() if k != "surrogate"}))
    return path


def test_no_value_becomes_a_formula_a_link_or_a_number(hostile):
    sheet = openpyxl.load_workbook(hostile).worksheets[0]
    assert {c.data_type for row in sheet.iter_rows() for c in row if c.value is not None} == {"s"}
    with zipfile.ZipFile(hostile) as entries:
        for name in entries.namelist():
            assert not re.search(rb"<f[ >]|<hyperlink|<externalLink|macro", entries.read(name)), name


@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"surrogate"}))
def test_a_cell_that_nobody_changed_keeps_its_raw_value(hostile, tmp_path, name):
    """Also after a program has opened the file and saved it."""
    saved = Workbook(Workbook(hostile).save(tmp_path / "saved.xlsx"))
    row = dict(saved.rows())[HEADER_ROW + 1]
    assert _cell(row, name, HOSTILE[name]) == HOSTILE[name]


def test_a_cell_that_was_changed_is_taken_and_one_that_was_emptied_is_nothing(hostile, tmp_path):
    book = Workbook(hostile)
    book.put("17", formula="=2+2", plus=None, long="短")
    row = dict(Workbook(book.save(tmp_path / "saved.xlsx")).rows())[HEADER_ROW + 1]
    assert [_cell(row, name, HOSTILE[name]) for name in ("formula", "plus", "long")] == ["=2+2", None, "短"]


def test_a_column_that_was_removed_keeps_its_values():
    assert _cell({"other": "x"}, "plus", "+cmd") == "+cmd"


def test_half_a_character_does_not_stop_the_file():
    assert text_of(HOSTILE["surrogate"]).endswith("x")
    text_of(HOSTILE["surrogate"]).encode()


def test_a_value_too_long_for_a_cell_is_said_and_kept():
    assert text_of("长" * LONGEST) == "长" * LONGEST
    assert text_of("长" * (LONGEST + 1)) == TOO_LONG


def test_each_problem_has_its_field_its_column_and_its_remedy_in_both_languages(site):
    one = an_item(codes=(("FIELD_REQUIRED", "decision_date"), ("TEXT_REPLACED_CHARACTERS", "violation_facts")),
                  said=(Words("province", "1001", "未查询到主体", ""),
                        Words("nation", "FIELD_TOO_LONG", "", "remarks")))  # fmt: skip
    sheet = openpyxl.load_workbook(io.BytesIO(a_book(site, one, {"jdrq": "", "wfss": "?", "bz": "x"}))).worksheets[0]
    cells = {head: sheet.cell(HEADER_ROW + 1, place).value for place, head in enumerate(OURS, 1)}
    assert cells[TICKET] == "17"
    assert cells[OURS[2]] == "2026-03-16"
    fields, problems, remedies = (cells[name].split("\n") for name in OURS[3:])
    assert len(fields) == len(problems) == len(remedies) == 4
    assert "（jdrq）" in fields[0]
    assert "a required field is empty" in problems[0]
    assert "province 退回 sent back: 1001 未查询到主体" in problems[2]
    assert "nation 无法接收" in problems[3]
    assert all(re.search("[一-鿿]", words) and re.search("[a-z]", words) for words in remedies)
    wrong = [c.value for c in sheet[HEADER_ROW + 1] if c.fill.fgColor.rgb == "FFFFF2A8"]
    assert wrong == [None, "?", "x"]


def test_the_check_code_is_of_this_very_row_and_of_this_site(site):
    one = an_item()
    assert mark(site, one) == mark(site, one)
    others = [an_item(subject="18"), an_item(feed="market/licence"), an_item(digest="e")]
    assert len({mark(site, one), *(mark(site, other) for other in others)}) == 4
    assert one.digest not in mark(site, one)


@pytest.mark.parametrize("subject", ["", "0", "-1", "999", "V999", "Vx", "１", "1 ", "9" * 30, "1;DROP", "v1"])
def test_what_is_no_subject_finds_nothing(site, subject):
    assert item(site, subject) is None


def test_a_rejection_is_found_by_its_version_with_the_receivers_words(site):
    found = item(site, "V2")
    assert (found.version, found.ticket, found.key, found.settled) == (2, None, "k2", False)
    assert [(w.receiver, w.code) for w in found.said] == [("province", "1001")]
    assert item(site, "1").ticket == 1
