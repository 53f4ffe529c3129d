"""A receipt that a receiver lays beside our files (回执文件): JSON as over REST, or CSV with a line for each record.

CSV: UTF-8, titles key, count, seq, status, and if they like sha256, code, message; key and count on every line, a line
break at the end. It is put into the JSON form, its own text beside the verdicts, so that all receipts read alike.
"""

import csv
import io
import json
from typing import Any

NEEDED = {"key", "count", "seq", "status"}
KNOWN = NEEDED | {"sha256", "code", "message"}


def as_json(body: bytes) -> bytes:
    """What cannot be read so stays as it is: no JSON, and so no receipt."""
    try:
        text = body.decode("utf-8-sig")
        titles, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (ValueError, csv.Error):
        return body
    if not text.endswith("\n") or len(set(titles)) != len(titles) or not NEEDED <= set(titles) <= KNOWN:
        return body
    if not rows or any(len(row) != len(titles) for row in rows):
        return body
    lines = [dict(zip(titles, row, strict=True)) for row in rows]
    words = [name for name in titles if name in ("status", "code", "message")]
    results = [{"seq": _whole(line["seq"])} | {name: line[name] for name in words} for line in lines]
    said: dict[str, Any] = {"count": _same(lines, "count"), "key": _same(lines, "key"), "results": results}
    if "sha256" in titles:
        said["sha256"] = _same(lines, "sha256")
    said["count"] = _whole(said["count"])
    return json.dumps(said | {"text": text}, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _same(lines: list[dict[str, str]], name: str) -> str | None:
    """What all lines say; None, which is no word of a receipt, where they differ."""
    words = {line[name] for line in lines}
    return words.pop() if len(words) == 1 else None


def _whole(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else text
