"""The return file (退回单): a workbook with one department's rows of one feed, to be corrected in it and given back.

The source's columns stand in it by their own names with their raw values; beside them, locked, the ticket, a check
code, the term, and what is wrong in plain words. Every cell is text: a value that begins with = + - @ stays one. It
holds personal data in the clear: for its owner alone (0600), to be handed over safely and then deleted.
"""

import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format

from connectors.workbook import write_text
from exchange.durable import place_file
from exchange.return_items import Item, Raw, Words, items, mark, raw_rows
from exchange.site import Site
from schemas.catalog import Feed
from schemas.errors import GuijiError, KeyDestroyed
from schemas.findings import registry
from schemas.standard import RecordType, in_force
from transforms.decoders.header import plain_name

SHEET, HEADER_ROW = "退回数据", 3
OURS = ("退回单号 ticket", "校验码 check", "期限 due", "问题字段 field", "问题 problem", "办法 remedy")
TICKET, CHECK = plain_name(OURS[0]), plain_name(OURS[1])
MOST = 20_000  # rows a file
LONGEST = 32_000  # characters a cell; Excel takes 32,767
TOO_LONG = "（过长，未载入，原值保留 too long for a cell, kept as it is）"
NOT_IN_CELLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
WARNING = (
    "含个人信息，仅限本部门核对补正：当面或经加密渠道交付，用后删除，不得转发。 "
    "Personal data: for this department's corrections alone; hand over safely, delete afterwards, do not pass on."
)
HOW = (
    "请只改源数据列（白底），黄色为有问题的列；前六列不得改动，不改的行可删除。改后另存为 .xlsx 交回。 "
    "Change source columns alone (yellow: what is wrong), leave the first six; rows may be removed; save as .xlsx."
)


@dataclass(frozen=True, slots=True)
class Returned:
    """A file that was written. `sha256`: of its bytes."""

    feed: str
    path: Path
    rows: int
    sha256: str


def write_returns(site: Site, feeds: Sequence[Feed], out: Path | None, person: str) -> list[Returned]:
    """A file for each feed that has something to give back (several beyond 20,000 rows), noted in the history."""
    written = []
    for feed in feeds:
        raws = raw_of(site, everything := items(site, feed.name))
        found = [one for one in everything if one.subject in raws]
        for number, first in enumerate(range(0, len(found), MOST), 1):
            written.append(_write(site, feed, found[first : first + MOST], raws, number, out, person))
    return written


def text_of(value: str | None) -> str:
    """What a cell shows of a raw value; a cell that came back is compared in the same form."""
    if value is None:
        return ""
    plain = NOT_IN_CELLS.sub("\ufffd", value.replace("\r\n", "\n").replace("\r", "\n"))
    return TOO_LONG if len(plain) > LONGEST else plain


def raw_of(site: Site, found: Sequence[Item]) -> dict[str, Raw]:
    """The raw rows of items, by subject; what a person destroyed is not among them."""
    wanted: dict[int, list[Item]] = {}
    for one in found:
        wanted.setdefault(one.load_id, []).append(one)
    rows = dict[int, dict[int, Raw]]()
    for load, some in wanted.items():
        with suppress(KeyDestroyed):
            rows[load] = raw_rows(site, load, [one.ordinal for one in some])
    return {one.subject: rows[one.load_id][one.ordinal] for one in found if one.load_id in rows}


def _write(
    site: Site, feed: Feed, found: Sequence[Item], raws: dict[str, Raw], number: int, out: Path | None, person: str
) -> Returned:
    folder = out or site.home / "returns" / feed.department.code
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    now = site.clock()
    kind = in_force(feed.mapping["standard"], site.today).record_types[feed.record_type]
    body = workbook(feed, kind, [(one, mark(site, one)) for one in found], raws)
    stamp = re.sub("[^0-9]", "", now.isoformat(timespec="seconds"))[:14]
    path = folder / f"退回单_{feed.name.replace('/', '_')}_{stamp}_{number}.xlsx"
    if path.exists():
        raise GuijiError("a file of this very second stands there", where=path.name, remedy="try again")
    place_file(path, [body], 0o600)
    os.chmod(path, 0o600)
    digest = sha256(body).hexdigest()
    with site.ledger.write("return") as connection:
        site.ledger.note(connection, "rows returned", feed.name, f"{len(found)} rows, file {digest}", person)
    return Returned(feed.name, path, len(found), digest)


def workbook(feed: Feed, kind: RecordType, found: Sequence[tuple[Item, str]], raws: dict[str, Raw]) -> bytes:
    """The bytes of an .xlsx without formulas, links or macros."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    words = {"num_format": "@", "text_wrap": True, "valign": "top"}
    bold, locked = book.add_format({**words, "bold": True}), book.add_format({**words, "bg_color": "#EEEEEE"})
    free = book.add_format({**words, "locked": False, "quote_prefix": True})
    wrong = book.add_format({**words, "locked": False, "quote_prefix": True, "bg_color": "#FFF2A8"})
    sheet = book.add_worksheet(SHEET)
    sheet.write_string(0, 0, WARNING, book.add_format({"bold": True, "font_color": "#B00000"}))
    sheet.write_string(1, 0, f"{feed.department.name_zh} · {kind.title_zh} · {feed.name} · {HOW}")
    names = list(dict.fromkeys(name for one, _ in found for name in raws[one.subject].values))
    for place, name in enumerate((*OURS, *names)):
        write_text(sheet, HEADER_ROW - 1, place, name, bold)
    for row, (one, check) in enumerate(found, HEADER_ROW):
        problems = list(_problems(feed, kind, one))
        cells = [one.subject, check, one.term.words, *("\n".join(column) for column in zip(*problems, strict=True))]
        for place, cell in enumerate(cells):
            write_text(sheet, row, place, cell[:LONGEST], locked)
        at_fault = _columns_at_fault(feed, one)
        for place, name in enumerate(names, len(OURS)):
            shown = text_of(raws[one.subject].values.get(name))
            _put(sheet, row, place, shown, wrong if name in at_fault else free)
    sheet.protect("", {"format_columns": True, "format_rows": True, "delete_rows": True, "sort": True})
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{HEADER_ROW + len(found)}"})
    sheet.set_column(0, len(OURS) + len(names) - 1, 18)
    sheet.set_column(4, 5, 40)
    sheet.freeze_panes(HEADER_ROW, 1)
    book.close()
    return out.getvalue()


def _put(sheet: "xlsxwriter.worksheet.Worksheet", row: int, place: int, shown: str, style: Format) -> None:
    if shown:
        write_text(sheet, row, place, shown, style)
    else:
        sheet.write_blank(row, place, None, style)


def _problems(feed: Feed, kind: RecordType, one: Item) -> Iterator[tuple[str, str, str]]:
    """(field, what is wrong, what to do), one for each finding and each receiver's word."""
    for code, name in one.codes:
        if registry()[code].severity == "error":
            yield _finding(feed, kind, code, name)
    for said in one.said:
        yield _word(feed, kind, said)


def _word(feed: Feed, kind: RecordType, said: Words) -> tuple[str, str, str]:
    if said.code in registry() and said.field:
        field, problem, remedy = _finding(feed, kind, said.code, said.field)
        return field, f"{said.receiver} 无法接收 cannot take it: {problem}", remedy
    return (
        "—",
        f"{said.receiver} 退回 sent back: {said.code} {said.text}".rstrip(),
        "请按接收方所述更正 correct it as the receiver says",
    )


def _finding(feed: Feed, kind: RecordType, code: str, name: str) -> tuple[str, str, str]:
    entry = registry()[code]
    known = kind.at(name)
    field = f"{known.title_zh} {known.title_en}" if known else name or "—"
    columns = "、".join(columns_of(feed, name))
    return (
        f"{field}（{columns}）" if columns else field,
        f"{entry.title_zh} / {entry.title_en} [{code}]",
        f"{entry.remedy_zh} / {entry.remedy_en}",
    )


def columns_of(feed: Feed, name: str) -> list[str]:
    """The source columns that a field of the standard is read from, as the file names them."""
    spec = feed.mapping["fields"].get(name)
    columns = spec.get("from", []) if isinstance(spec, dict) else []
    return [plain_name(column) for column in ([columns] if isinstance(columns, str) else columns)]


def _columns_at_fault(feed: Feed, one: Item) -> set[str]:
    names = [field for code, field in one.codes if registry()[code].severity == "error"] + [w.field for w in one.said]
    return {column for name in names for column in (columns_of(feed, name) or [name])}
