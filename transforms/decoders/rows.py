"""Owns JSON: an array of objects, at the top or under a path (`rows: data.rows`), or one object a line.

Read piece by piece, so that a long array costs no memory. Numbers keep their literal text (1.10, eighteen digits);
booleans become true and false, nested values stay JSON text. Keys may be left out: the tables say `absent: null`.
An element that is no object, or names a key twice, is a row with `_ragged` = "1".
"""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa

from schemas.errors import ConfigurationError, SourceChanged
from transforms.decoders.header import ABSENT, CHUNK, RAGGED, numbered, plain_names, text_column
from transforms.decoders.national import text_decoder

PIECE = 1 << 20
LARGEST = 64 << 20
SPACE = re.compile(r"[ \t\n\r]*")


class Number(str):
    """A number's literal text."""

    __slots__ = ()


class Doubled(dict[str, Any]):
    """An object in which one key stands twice."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Doubled(found)


def _no_number(_: str) -> Any:
    raise ValueError("not a JSON number")


DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_float=Number, parse_int=Number, parse_constant=_no_number, strict=False
)


class Scanner:
    """A sliding window over JSON text: step over signs, decode the next whole value."""

    def __init__(self, stream: BinaryIO, encoding: str, part: str) -> None:
        try:
            self._decode = text_decoder("utf-8-sig" if encoding == "utf-8" else encoding, part)
        except LookupError:
            raise ConfigurationError(
                f"no encoding is called {encoding}", where=f"{part}: format.encoding", remedy="use utf-8 or gb18030"
            ) from None
        self._stream, self.part = stream, part
        self._text, self._at, self._ended = "", 0, False

    def peek(self) -> str:
        """The next sign that is not space; empty at the end."""
        while True:
            self._at = SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._more()

    def take(self, signs: str) -> str:
        """Step over one of `signs`. Raises SourceChanged when something else stands there."""
        sign = self.peek()
        if not sign or sign not in signs:
            raise unreadable(self.part)
        self._at += 1
        return sign

    def value(self) -> Any:
        """Decode the next value, reading on for as long as it may be only half there."""
        self.peek()
        while True:
            try:
                found, end = DECODER.raw_decode(self._text, self._at)
                if end < len(self._text) or self._ended:
                    self._at = end
                    return found
            except (ValueError, RecursionError):
                if self._ended or len(self._text) - self._at > LARGEST:
                    raise unreadable(self.part) from None
            self._more()

    def _more(self) -> None:
        self._text, self._at = self._text[self._at :], 0
        raw = self._stream.read(max(PIECE, len(self._text)))
        self._ended = not raw
        self._text += self._decode(raw, self._ended)


def unreadable(part: str) -> SourceChanged:
    """Broken off, not JSON, or without the array that the mapping names."""
    return SourceChanged(
        "not readable as JSON, broken off, or without the array that format.rows names",
        where=part,
        remedy="compare format.rows with an answer of the source; then pull the part again",
    )


def read_rows(stream: BinaryIO, fmt: Mapping[str, Any], part: str) -> Iterator[pa.Table]:
    """Tables of text with `_row`; a column once seen stays for the rest of the part."""
    scanner = Scanner(stream, str(fmt.get("encoding", "utf-8")), part)
    elements = _elements(scanner, [key for key in str(fmt.get("rows", "")).split(".") if key])
    keys: dict[str, None] = {}
    first = 0
    while chunk := list(islice(elements, CHUNK)):
        try:
            table = _table(chunk, keys, part)
        except RecursionError:  # an element nested as deep as the decoder just managed
            raise unreadable(part) from None
        yield numbered(table, first)
        first += len(chunk)


def _elements(scanner: Scanner, path: list[str]) -> Iterator[Any]:
    if not path and scanner.peek() in ("{", ""):
        while scanner.peek():
            yield scanner.value()
        return
    for key in path:
        _descend(scanner, key)
    scanner.take("[")
    if scanner.peek() == "]":
        return
    yield scanner.value()
    while scanner.take(",]") == ",":
        yield scanner.value()


def _descend(scanner: Scanner, wanted: str) -> None:
    """Step to the value of one key of the object that begins here."""
    scanner.take("{")
    while True:
        key = scanner.value()
        scanner.take(":")
        if key == wanted:
            return
        scanner.value()
        scanner.take(",")


def _table(chunk: list[Any], keys: dict[str, None], part: str) -> pa.Table:
    whole = [type(element) is dict and not _doubled(element) for element in chunk]
    rows = [element if fine else {} for element, fine in zip(chunk, whole, strict=True)]
    for row in rows:
        keys.update(dict.fromkeys(row))
    columns = [text_column([_text(row.get(key)) for row in rows]) for key in keys]
    ragged = text_column([None if fine else "1" for fine in whole])
    names = [*plain_names(keys, part), RAGGED]
    return pa.table([*columns, ragged], names=names).replace_schema_metadata({ABSENT: b"null"})


def _doubled(value: Any) -> bool:
    if isinstance(value, Doubled):
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_doubled(item) for item in inner if isinstance(item, dict | list))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return _written(value)


def _written(value: Any) -> str:
    """JSON text with numbers as they stood."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_written(k)}:{_written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
