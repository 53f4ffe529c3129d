"""`guiji convert`: one JSON string a line in, one JSON object a line out."""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from schemas.errors import ConfigurationError
from schemas.findings import registry
from transforms.converters.clock import CHINA
from transforms.converters.contract import Converted
from transforms.converters.parameters import check_parameters
from transforms.converters.registry import get

CHUNK = 1000
READ = 1 << 18  # bytes
NONE: Mapping[str, str] = MappingProxyType({})
NOT_TEXT = "这一行不是 JSON 字符串 / this line is not a JSON string"


def convert_lines(name: str, lines: Iterable[str], parameters: Mapping[str, str] = NONE) -> Iterator[str]:
    """Each line's value and findings. Raises ConfigurationError before the first line is read."""
    source = iter(lines)
    return convert_chunks(name, iter(lambda: list(islice(source, CHUNK)), []), parameters)


def convert_chunks(name: str, chunks: Iterable[list[str]], parameters: Mapping[str, str] = NONE) -> Iterator[str]:
    """The same, answered as soon as a chunk of lines is there. Raises ConfigurationError before the first is read."""
    convert = get(name)
    check_parameters(name, convert, parameters, "--param")
    return _answers(chunks, lambda column: convert(column, parameters))


def named(given: Iterable[str]) -> dict[str, str]:
    """`--param name=value`, any number of them. Raises ConfigurationError for one without a name, a value, or twice."""
    parameters: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not (name and sign) or name in parameters:
            raise ConfigurationError(
                f"{name or one!r} is given {'twice' if name in parameters else 'without a value'}",
                where="--param",
                remedy="写成 名=值，如 unit=万元 / write name=value",
            )
        parameters[name] = value
    return parameters


def chunks_of(source: io.BufferedReader) -> Iterator[list[str]]:
    """Whole lines as they arrive, so that who writes one and waits gets an answer. Broken bytes stay in their line."""
    parts: list[bytes] = []
    while data := source.read1(READ):
        head, newline, tail = data.rpartition(b"\n")
        if not newline:
            parts.append(data)
            continue
        yield [_decoded(line) for line in b"".join([*parts, head]).split(b"\n")]
        parts = [tail] if tail else []
    if parts:
        yield [_decoded(b"".join(parts))]


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape").removeprefix("\ufeff")


def _answers(chunks: Iterable[list[str]], convert: Callable[[pa.Array], Converted]) -> Iterator[str]:
    for chunk in chunks:
        texts = [_parsed(line) for line in chunk]
        converted = convert(pa.array([text if isinstance(text, str) else None for text in texts], pa.string()))
        values = converted.values.to_pylist()
        findings = _findings(converted, len(chunk))
        for row, text in enumerate(texts):
            yield _error() if text is _BROKEN else _line(values[row], findings[row])


_BROKEN = object()


def _parsed(line: str) -> object:
    """The string, None for null, or _BROKEN. A half of a surrogate pair is no text either."""
    try:
        value = json.loads(line)
        if isinstance(value, str):
            value.encode("utf-8")
    except (ValueError, RecursionError):
        return _BROKEN
    return value if value is None or isinstance(value, str) else _BROKEN


def _findings(converted: Converted, length: int) -> list[list[dict[str, str]]]:
    found: list[list[dict[str, str]]] = [[] for _ in range(length)]
    for flag in converted.flags:
        entry = registry()[flag.code]
        message = f"{entry.title_zh} / {entry.title_en}"
        for row in np.asarray(flag.rows).tolist():
            found[row].append({"code": flag.code, "severity": entry.severity, "message": message})
    return found


def _line(value: object, findings: list[dict[str, str]]) -> str:
    return json.dumps({"value": spelled(value), "findings": findings}, ensure_ascii=False)


def _error() -> str:
    error = {"type": "NotAJsonString", "message": NOT_TEXT}
    return json.dumps({"value": None, "findings": [], "error": error}, ensure_ascii=False)


def spelled(value: object) -> object:
    """A value as JSON has it: exact decimals as text, ISO dates, times in the zone of China."""
    if isinstance(value, Decimal):
        whole, _, places = f"{value:f}".partition(".")
        return f"{whole}.{places.rstrip('0').ljust(2, '0')}"
    if isinstance(value, datetime):
        return value.astimezone(CHINA).isoformat()
    return value.isoformat() if isinstance(value, date) else value
