"""A receiver's field table from a spreadsheet, CSV or xlsx: which columns it needs, and every mistake in it at once."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from exchange.cli.new_cells import Row, TableField
from schemas.errors import ConfigurationError, SourceChanged
from transforms.decode import read_tables
from transforms.decoders.header import RAGGED, ROW

COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("字段代码", "字段编码", "字段名", "字段英文名", "列名", "field", "field_code", "name", "column"),
    "title": ("中文名称", "中文名", "字段中文名", "数据项名称", "数据项", "标题", "title", "name_zh"),
    "type": ("类型", "数据类型", "字段类型", "type"),
    "length": ("长度", "字段长度", "最大长度", "length", "max_length"),
    "required": ("必填", "是否必填", "必选", "约束", "required"),
    "codes": ("代码表", "代码集", "值域", "字典", "codes", "code_list"),
    "format": ("格式", "日期格式", "format"),
    "unit": ("单位", "计量单位", "unit"),
    "title_en": ("英文名称", "英文标题", "title_en", "name_en"),
    "note": ("说明", "备注", "填报规则", "规则", "note", "rule", "description"),
    "verified": ("核实", "核实程度", "verified"),
}
NEEDED = ("name", "title", "type", "required")


@dataclass
class FieldTable:
    """A table as read. `errors`: every mistake; `unread`: columns of the spreadsheet that mean nothing here."""

    file: str
    fields: list[TableField] = field(default_factory=list)
    errors: list[ConfigurationError] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def read_field_table(path: Path, sheet: str = "", header: int = 1) -> FieldTable:
    """Raises ConfigurationError when the file as a whole cannot be read; mistakes in cells stand in `errors`."""
    rows = list(_rows(path, sheet, header))
    if not rows:
        raise ConfigurationError("has no rows below its header", where=path.name, remedy="write one row for each field")
    heads = [head for head in rows[0] if head != RAGGED]
    columns, table = _columns(heads, path.name, header), FieldTable(path.name)
    table.unread = [head for head in heads if head not in columns.values() and not head.startswith("column_")]
    for number, row in enumerate(rows, start=header + 1):
        cells = {key: (row[head] or "").strip() for key, head in columns.items()}
        made = Row(path.name, number, cells, columns, table.errors)
        if row.get(RAGGED):
            made.wrong("—", "has more or fewer cells than the header", "put a cell that holds a comma in quotes")
        elif any(cells.values()) and (found := made.field()):
            if twin := next((one for one in table.fields if one.name == found.name), None):
                made.wrong("name", f"{found.name} stands in row {twin.row} already", "keep one of the two")
            table.fields.append(found)
    if not table.fields and not table.errors:
        raise ConfigurationError("has no fields", where=path.name, remedy="write one row for each field")
    return table


def _rows(path: Path, sheet: str, header: int) -> Iterator[dict[str, str | None]]:
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("csv", "xlsx"):
        raise ConfigurationError("is neither .csv nor .xlsx", where=path.name, remedy="save the table as one of them")
    if kind == "csv" and (sheet or header != 1):
        raise ConfigurationError("is a CSV", where=path.name, remedy="--sheet and --header are for xlsx")
    try:
        content = path.read_bytes()
    except OSError:
        raise ConfigurationError("cannot be read", where=str(path), remedy="check the path and the rights") from None
    fmt = {"kind": "csv", "encoding": _encoding(content)} if kind == "csv" else {"kind": "xlsx", "header": str(header)}
    try:
        for table in read_tables(io.BytesIO(content), fmt | ({"sheet": sheet} if sheet else {}), path.name):
            yield from table.drop_columns([ROW]).to_pylist()
    except SourceChanged as error:
        remedy = error.remedy if error.remedy.startswith(("did you mean", "known")) else "correct it and save it again"
        raise ConfigurationError(error.message, where=path.name, remedy=remedy) from None


def _encoding(content: bytes) -> str:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _columns(heads: list[str], file: str, header: int) -> dict[str, str]:
    """Our name → the header that stands for it. Raises ConfigurationError for a missing or a doubled one."""
    found: dict[str, str] = {}
    where = f"{file}: 第 {header} 行 row (表头 header)"
    for head in heads:
        key = next((key for key, words in COLUMNS.items() if head.lower() in words), None)
        if key in found:
            raise ConfigurationError(f"{found[key]} and {head} mean the same column", where=where, remedy="rename one")
        if key:
            found[key] = head
    for key in NEEDED:
        if key not in found:
            raise ConfigurationError(
                f"there is no column for {key}",
                where=where,
                remedy=f"call it one of {' | '.join(COLUMNS[key])}; --header N when it is in another row (xlsx)",
            )
    return found
