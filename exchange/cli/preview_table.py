"""What `guiji preview` prints: each mapped field raw, normalized, and what was found; personal values masked."""

from itertools import islice
from typing import Any

import pyarrow as pa
from rich.markup import escape
from rich.table import Table

from connectors.registry import open_source
from exchange.cli.screen import screen
from exchange.site import Site
from expectations.record_rules import compile_rules
from schemas.catalog import Feed, expand
from schemas.exchange import Window
from schemas.findings import Flag
from schemas.standard import RecordType, in_force
from transforms.converters.registry import get
from transforms.decode import read_tables, tidy_header
from transforms.identity import as_text
from transforms.mapping import compile_mapping
from transforms.normalize import normalize

MASK = "＊＊＊"


def show_preview(site: Site, name: str, rows: int) -> None:
    """Pull, normalize, judge the first rows; nothing is written anywhere."""
    feed = site.catalog.feed(name)
    kind = in_force(feed.mapping["standard"], site.today).record_types[feed.record_type]
    plan = compile_mapping(feed.mapping, kind, feed.where, get)
    raw = _first_rows(feed, rows)
    if raw is None:
        screen().print("没有记录 · no records")
        return
    normal = normalize(raw, plan)
    flags = [*normal.flags, *compile_rules(kind.schema, kind.name).check(normal.table)]
    console = screen()
    for row in range(raw.num_rows):
        console.print(_table(feed, kind, raw, normal.table, flags, row))


def _first_rows(feed: Feed, rows: int) -> pa.Table | None:
    import io

    source = open_source(expand(feed.department.access, feed.department.where), feed.source, feed.where)
    with source.pull(Window(None, True)) as pull:
        for part in islice(pull.parts(), 5):
            if part.child:
                continue
            body = io.BytesIO(b"".join(part.chunks))
            for table in read_tables(body, {**feed.mapping["format"], "kind": part.format}, part.name):
                if table.num_rows:
                    return table.slice(0, rows)
    return None


def _table(feed: Feed, kind: RecordType, raw: pa.Table, canonical: pa.Table, flags: list[Flag], row: int) -> Table:
    table = Table(
        "字段 field", "原值 raw", "规范值 normalized", "问题 findings", title=f"第 {row + 1} 行 row {row + 1}"
    )
    for field in kind.fields:
        spec = feed.mapping["fields"].get(field.name)
        if spec is None:
            continue
        before = "（常量 constant）" if "constant" in spec else _raw(raw, spec["from"], row)
        after = as_text(canonical[field.name].slice(row, 1))[0].as_py()
        if field.personal != "none":
            before, after = MASK if before else "", MASK if after else ""
        found = " ".join(sorted({f.code for f in flags if f.field == field.name and row in set(f.rows.tolist())}))
        table.add_row(field.title_zh, escape(before or ""), escape(after or ""), found)
    return table


def _raw(raw: pa.Table, columns: Any, row: int) -> str:
    names = [columns] if isinstance(columns, str) else columns
    tidy = [tidy_header(name) for name in names]
    values = [raw[name][row].as_py() for name in tidy if name in raw.column_names]
    return " | ".join(value for value in values if value)
