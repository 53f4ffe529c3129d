"""Bad files by the hundred: workbooks with bombs and outside entities, broken archives, encodings that are none."""

# ruff: noqa: E501 - lists of files

import io
import random
import struct
import zipfile
from collections.abc import Iterator
from typing import Any

import xlsxwriter

Cases = dict[str, tuple[bytes, dict[str, Any]]]
CANARY = "某某某110101199003070011"
SHEET, STRINGS, BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"
PARTS = (SHEET, STRINGS, BOOK, "xl/styles.xml", "[Content_Types].xml", "xl/_rels/workbook.xml.rels")
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "哈" * 10}">' for n in range(9))
DOCTYPES = {
    "laughs": f"<!DOCTYPE x [{LAUGHS}]>", "quadratic": f'<!DOCTYPE x [<!ENTITY l8 "{"哈" * 50_000}">]>',
    "file": '<!DOCTYPE x [<!ENTITY l8 SYSTEM "file:///etc/passwd">]>', "http": '<!DOCTYPE x [<!ENTITY l8 SYSTEM "http://127.0.0.1:9/">]>',
    "dtd": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">', "parameter": '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p; ]>',
    "inner": '<!DOCTYPE x [<!ENTITY l8 "换了的字">]>', "late": f"<!--{'x' * 100_000}--><!DOCTYPE x [{LAUGHS}]>", "loop": '<!DOCTYPE x [<!ENTITY l8 "&l8;">]>',
    "default": '<!DOCTYPE x [<!ATTLIST c t CDATA "str">]>', "bare": "<!DOCTYPE x>",
}  # fmt: skip


def workbook() -> dict[str, bytes]:
    """The parts of a sound one."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for row in range(20):
            sheet.write_row(row, 0, ["编号", "姓名"] if not row else [f"{row}", CANARY])
    with zipfile.ZipFile(out) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def with_doctypes() -> Cases:
    """A DOCTYPE of every kind in every part; the entity is used in the strings and in a cell."""
    found: Cases = {}
    for kind, doctype in DOCTYPES.items():
        for part in PARTS:
            parts = workbook()
            head, _, rest = parts[part].decode().partition("?>")
            text = f"{head}?>{doctype}{rest}"
            if kind not in ("dtd", "parameter", "default", "bare"):
                text = text.replace("<t>姓名</t>", f"<t>{'&l8;' * 200}</t>").replace("<v>0</v>", "<v>&l8;</v>")
            parts[part] = text.encode()
            found[f"doctype-{kind}-{PARTS.index(part)}.xlsx"] = (packed(parts), {"kind": "xlsx"})
            if kind == "inner":
                parts[part] = text.replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")
                found[f"doctype-utf16-{PARTS.index(part)}.xlsx"] = (packed(parts), {"kind": "xlsx"})
    return found


def swollen() -> Cases:
    """Little on the disk, much in memory."""
    found: Cases = {}
    sizes = {"row": (SHEET, b"<sheetData>", b"<row/>"), "cell": (SHEET, b"<sheetData>", b"<row><c/></row>"), "si": (STRINGS, b"<si>", b"<si/>"), "font": ("xl/styles.xml", b"<fonts", b"<x/>"),
             "sheets": (BOOK, b"<sheets>", b"<x/>"), "types": ("[Content_Types].xml", b"<Default", b"<x/>"), "rels": ("xl/_rels/workbook.xml.rels", b"<Relationship ", b"<x/>")}  # fmt: skip
    for name, (part, before, piece) in sizes.items():
        for mib in (7, 31) if name in ("si", "types") else (7,):
            parts = workbook()
            at = parts[part].index(before) + (len(before) if before.endswith(b">") and part != STRINGS else 0)
            parts[part] = parts[part][:at] + piece * ((mib << 20) // len(piece)) + parts[part][at:]
            padding = {"xl/media/x.png": random.Random(7).randbytes(400_000)}
            found[f"swollen-{name}-{mib}.xlsx"] = (packed(parts | padding), {"kind": "xlsx"})
    parts = workbook()
    parts[SHEET] = parts[SHEET].replace(b"<sheetData>", b"<sheetData>" + b"<x>" * 200_000 + b"</x>" * 200_000)
    found["swollen-deep.xlsx"] = (packed(parts), {"kind": "xlsx"})
    parts = workbook()
    parts[SHEET] = parts[SHEET].replace(b'r="B2"', b'r="XFD2"').replace(b'r="20"', b'r="1048576"')
    found["swollen-corner.xlsx"] = (packed(parts), {"kind": "xlsx"})
    parts = workbook()
    parts[SHEET] = parts[SHEET].replace(b'r="20"', b'r="2000000000"').replace(b"A20", b"A2000000000")
    found["swollen-row-number.xlsx"] = (packed(parts), {"kind": "xlsx"})
    return found


def _broken() -> Iterator[tuple[str, bytes]]:
    parts = workbook()
    good = packed(parts)
    for cut in (0, 1, 4, 30, len(good) // 2, len(good) - 23, len(good) - 1):
        yield f"cut-{cut}", good[:cut]
    yield "empty-zip", packed({})
    yield "no-zip", b"PK\3\4" + b"x" * 1000
    yield "old-excel", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000)
    yield "html", b"<html><table><tr><td>1</td></tr></table></html>"
    for part in PARTS:
        number = PARTS.index(part)
        yield f"without-{number}", packed({name: content for name, content in parts.items() if name != part})
        yield f"empty-{number}", packed({**parts, part: b""})
        yield f"half-{number}", packed({**parts, part: parts[part][: len(parts[part]) // 2]})
        yield f"noise-{number}", packed({**parts, part: random.Random(number).randbytes(500)})
        yield f"other-{number}", packed({**parts, part: b"<?xml version='1.0'?><x/>"})
        yield f"ascii-{number}", packed({**parts, part: parts[part].replace(b"UTF-8", b"x-none")})
    for at in range(0, len(good), len(good) // 25):
        yield f"flipped-{at}", good[:at] + bytes([good[at] ^ 0x5A]) + good[at + 1 :]
    yield "encrypted", _patched(good, b"PK\1\2", 8, struct.pack("<H", 1))
    yield "method", _patched(good, b"PK\1\2", 10, struct.pack("<H", 97))
    yield "size-small", _patched(good, b"PK\1\2", 24, struct.pack("<I", 3))
    yield "size-large", _patched(good, b"PK\1\2", 24, struct.pack("<I", 1 << 29))
    yield "crc", _patched(good, b"PK\1\2", 16, b"\0\0\0\0")
    yield "offset", _patched(good, b"PK\1\2", 42, struct.pack("<I", 7))
    yield "up", packed({**parts, "../../etc/x": b"x", "C:\\x": b"x", "/etc/x": b"x"})
    yield "many", packed({**parts, **{f"x/{n}": b"" for n in range(10_100)}})
    for cell in ("A", "1", "A0", "ZZZZZZ1", "-1", "甲1", ""):
        yield f"cell-{cell}", packed({**parts, SHEET: parts[SHEET].replace(b'r="A2"', f'r="{cell}"'.encode())})
    for value in ("99999", "-1", "x", "1e9", "", "999999999999999999999999"):
        yield f"index-{value}", packed({**parts, SHEET: parts[SHEET].replace(b"<v>2</v>", f"<v>{value}</v>".encode())})
    for kind in ("d", "b", "e", "n", "str", "zz"):
        yield f"type-{kind}", packed({**parts, SHEET: parts[SHEET].replace(b't="s"', f't="{kind}"'.encode())})


def _patched(content: bytes, mark: bytes, offset: int, by: bytes) -> bytes:
    """Every entry of the archive's directory."""
    out, at = bytearray(content), content.find(mark)
    while at >= 0:
        out[at + offset : at + offset + len(by)] = by
        at = content.find(mark, at + 4)
    return bytes(out)


def broken() -> Cases:
    return {f"broken-{name}.xlsx": (content, {"kind": "xlsx"}) for name, content in _broken()}


def texts() -> Cases:
    """What is no text in its encoding, and no table in its form."""
    table = f"编号,姓名\r\n1,{CANARY}\r\n2,{CANARY}\r\n"
    found: Cases = {}
    written = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-32", "big5", "shift_jis", "utf-7", "cp037")
    for encoding in written:
        for declared in ("utf-8", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-8-sig"):
            raw = table.encode(encoding, "replace")
            found[f"text-{encoding}-as-{declared}.csv"] = (raw, {"kind": "csv", "encoding": declared})
    good, draw = table.encode(), random.Random(7)
    pieces = [
        b"", b"\0", b"\n", b"\r", b'"', b'""', b"\xff\xfe", b"\xef\xbb\xbf", b",", b",,,\n,,\n", b"a\n", b"a,a\n1,2\n", b"a,b\n1\n", b"a,b\n1,2,3\n", b'a,b\n"1,2\n', b'a,b\n"1"x,2\n',
        b"a,b\n\0,\0\n", b"a,b\r1,2\r", b"a,b\n\r1,2\n\r", b"a\x85b\n1\n", b"a,b\n1,2" + b"\n" * 100_000, b"a,b\n" + b"," * 100_000, b"a" * 300_000, b"," * 300_000, b'"' * 300_001,
        b"a,b\n1,\xed\xa0\x80\n", b"a,b\n1,\xc0\xaf\n", b"a,b\n1,\xf4\x90\x80\x80\n", b"a,b\n1,\xfe\xff\n", b"a,b\n1,\x84\x31\xa4\x37\n", b"a,b\n\x1a", b"_row,_ragged\n1,2\n", b"_row,b\n1,2\n",
        b"a,b\n1," + b"x" * (9 << 20) + b"\n", b'a,b\n1,"' + b"x\n" * (5 << 20) + b'"\n', b"a;b\n1;2\n", b"sep=;\na;b\n1;2\n", b"PK\3\4", b"%PDF-1.4", b"\x1f\x8b\x08\0", bytes(range(256)) * 100,
    ]  # fmt: skip
    pieces += [good[:at] + draw.randbytes(3) + good[at + draw.randrange(4) :] for at in range(0, len(good), 2)]
    for number, piece in enumerate(pieces):
        for encoding in ("utf-8", "gb18030") if len(piece) < 1 << 20 else ("utf-8",):
            found[f"piece-{number}-{encoding}.csv"] = (piece, {"kind": "csv", "encoding": encoding})
    deep = [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 900 + b"]" * 900, b'[{"a":' + b"[" * 900 + b"]" * 900 + b"}]", b'[{"a":"\\ud800"}]', b'[{"\\ud800":1}]', b"[1e999999999]", b"[{}]" * 10,
            b'[{"a":1,"a":2}]', b"[NaN]", b'[{"a":' + b"9" * 100_000 + b"}]", b'[{"a":1},', b"[,]", b"nul", b'"', b'[{"a":"\0"}]', b"\xef\xbb\xbf[]", b'[{"_row":1}]', b'[{"":1," ":2}]']  # fmt: skip
    found |= {f"json-{number}.json": (piece, {"kind": "json"}) for number, piece in enumerate(deep)}
    return found
