"""One record, one canonical line, one digest: whatever the order of columns, chunks and hands it went through."""

import json
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from schemas.standard import RecordType
from transforms.identity import as_text, business_keys, canonical_lines, content_digests

TEXT = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def rfc8785(record: dict[str, str | None]) -> bytes:
    """RFC 8785 for an object of strings and nulls, written from its section 3.2."""

    def text(value: str | None) -> str:
        if value is None:
            return "null"
        return '"' + "".join(SHORT.get(c, f"\\u{ord(c):04x}" if c < " " else c) for c in value) + '"'

    names = sorted(record, key=lambda name: name.encode("utf-16-be"))
    return ("{" + ",".join(f"{text(n)}:{text(record[n])}" for n in names) + "}").encode()


@given(st.lists(st.fixed_dictionaries({"b": TEXT, "a": TEXT, "a_b": TEXT}), max_size=5))
def test_lines_are_rfc_8785(records: list[dict[str, str | None]]) -> None:
    table = pa.Table.from_pylist(records, pa.schema([(n, pa.string()) for n in ("b", "a", "a_b")]))
    lines = canonical_lines(table)
    assert lines == [rfc8785(record) for record in records]
    assert [json.loads(line) for line in lines] == records
    expected = [sha256(b"rec1\0e/1\0" + line).hexdigest() for line in lines]
    assert content_digests(table, "e/1").to_pylist() == expected
    assert content_digests(table.select(["a_b", "a", "b"]), "e/1").to_pylist() == expected


def test_every_control_character_and_line_separator_agrees() -> None:
    signs = [chr(n) for n in (*range(0x30), 0x7F, 0x80, 0x85, 0x2028, 0x2029, 0xFEFF, 0xFFFF, 0x10FFFF)]
    assert canonical_lines(pa.table({"a": signs})) == [rfc8785({"a": sign}) for sign in signs]


def test_null_blank_and_another_standard_are_three_things() -> None:
    null, blank = pa.table({"a": pa.array([None], pa.string())}), pa.table({"a": [""]})
    digests = [content_digests(null, "e/1"), content_digests(blank, "e/1"), content_digests(blank, "e/2")]
    assert len({d[0].as_py() for d in digests}) == 3


def test_chunks_do_not_matter() -> None:
    whole = pa.table({"a": ["x", "y", "z"]})
    pieces = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    assert content_digests(pieces, "e/1") == content_digests(whole, "e/1")


@given(st.decimals(min_value=0, max_value=Decimal("99999999999999"), places=6))
def test_money_text_is_exact_and_has_one_spelling(amount: Decimal) -> None:
    [text] = as_text(pa.array([amount], pa.decimal128(20, 6))).to_pylist()
    assert Decimal(text) == amount
    assert text == (format(amount, "f").rstrip("0").rstrip("."))


def test_typed_columns_have_one_text() -> None:
    zone = pa.timestamp("s", "Asia/Shanghai")
    moments = pa.array([datetime(1990, 7, 1, 4, 5, 6)], pa.timestamp("s")).cast(pa.timestamp("s", "UTC")).cast(zone)
    assert as_text(pa.array([date(1986, 5, 4), None])).to_pylist() == ["1986-05-04", None]
    assert as_text(moments).to_pylist() == ["1990-07-01T13:05:06+09:00"]
    assert as_text(pa.array([True, False, None])).to_pylist() == ["true", "false", None]
    money = [Decimal("0"), Decimal("100"), Decimal("0.000001"), Decimal("12.5")]
    assert as_text(pa.array(money, pa.decimal128(20, 6))).to_pylist() == ["0", "100", "0.000001", "12.5"]


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, unique=True))
def test_keys_never_run_together(pairs: list[tuple[Any, Any]]) -> None:
    record_type = RecordType("e", "1", "p", "", "", ("a", "b"), "d", (), {})
    table = pa.table(
        {"a": pa.array([a for a, _ in pairs], pa.string()), "b": pa.array([b for _, b in pairs], pa.string())}
    )
    keys = business_keys(table, record_type).to_pylist()
    known = [key for key, pair in zip(keys, pairs, strict=True) if None not in pair]
    assert len(set(known)) == len(known)
    assert all((key is None) == (None in pair) for key, pair in zip(keys, pairs, strict=True))
