"""Writes the pages that are made from data: docs/findings.md and docs/dictionary/. With --check: fails when stale.

The data dictionary (数据字典) has one page per record type of the newest standard version, each with the receivers'
columns that its fields leave as; the verified mark of every field is the schema's own.
"""

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from schemas.catalog import Catalog  # noqa: E402
from schemas.findings import registry  # noqa: E402
from schemas.standard import Field, RecordType, Standard, standard, versions  # noqa: E402
from schemas.version_files import chain, upgrade_of  # noqa: E402

NAME = "enforcement"
MADE = "Made by `make docs` from"
HEAD = f"""# Findings 问题代码

{MADE} `schemas/finding_codes/*.csv`; do not edit. *error* holds the record back, *warning* lets it
pass and counts it.

| code | severity | 含义 meaning | 处理 what to do |
|---|---|---|---|
"""
INDEX = """# 数据字典 Data dictionary

{made} `schemas/standards/{name}/{version}/`; do not edit.

标准 standard `{name}` {version}。**核实 verified**：yes 见于实际系统或公开页面；partial 部分见到；no 未见出处
（含本项目自拟的字段，出处为 ours）。公开资料中没有找到司法部自己的数据标准，这里没有一个字段来自它。
*yes* was seen in a real implementation or page, *partial* in part, *no* was not seen (our own fields, source `ours`,
are all *no*). No text of the Ministry of Justice's own data standard was found; no field here is taken from one.

| 类型 type | 名称 | title | 业务主键 key | 日期 date | 字段 fields | yes | partial | no | 接收方 receivers |
|---|---|---|---|---|---|---|---|---|---|
"""
FIELDS = """| 字段 field | 名称 | title | 类型 kind | 必填 required | 长度 length | 代码表 codes | 单位 unit \
| 个人信息 personal | 关联 link | 出处 source | 核实 verified |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""
KINDS = {
    "text": "文本 text",
    "date": "日期 date",
    "datetime": "时间 datetime",
    "money": "金额 money",
    "code": "代码 code",
    "boolean": "是否 boolean",
    "list": "列表 list",
}
PERSONAL = {"none": "", "personal": "个人信息 personal", "sensitive": "敏感 sensitive"}


def findings_page() -> str:
    """One row per code, sorted."""
    rows = [
        f"| `{c.code}` | {c.severity} | {c.title_zh}<br>{c.title_en} | {c.remedy_zh}<br>{c.remedy_en} |"
        for c in sorted(registry().values(), key=lambda c: c.code)
    ]
    return HEAD + "\n".join(rows) + "\n"


def dictionary_pages(model: Standard, catalog: Catalog) -> dict[str, str]:
    """File name → text: README.md and one page per record type."""
    pages = {f"{name}.md": _type_page(kind, catalog) for name, kind in model.record_types.items()}
    return {"README.md": _index(model, catalog), **pages}


def _index(model: Standard, catalog: Catalog) -> str:
    head = INDEX.format(made=MADE, name=model.name, version=model.version)
    return head + "\n".join(_index_row(kind, catalog) for kind in model.record_types.values()) + "\n"


def _index_row(kind: RecordType, catalog: Catalog) -> str:
    marks = Counter(field.verified for field in kind.fields)
    return _row(
        f"[`{kind.name}`]({kind.name}.md)",
        kind.title_zh,
        kind.title_en,
        _coded(kind.key),
        _coded([kind.date_field]),
        len(kind.fields),
        *(marks[mark] for mark in ("yes", "partial", "no")),
        _coded(code for code, receiver in catalog.receivers.items() if kind.name in receiver.profiles),
    )


def _type_page(kind: RecordType, catalog: Catalog) -> str:
    notes = {n: str(s["description"]) for n, s in kind.schema["properties"].items() if "description" in s}
    parts = [
        f"# {kind.title_zh} {kind.title_en}\n",
        f"{MADE} {_coded(_made_of(kind))}; do not edit. [目录 contents](README.md)\n",
        *([str(kind.schema["description"]) + "\n"] if "description" in kind.schema else []),
        f"业务主键 key: {_coded(kind.key)} · 日期 date: `{kind.date_field}`\n",
        FIELDS + "\n".join(_field_row(field, kind.schema["properties"][field.name]) for field in kind.fields) + "\n",
        *(
            ["## 说明 Notes\n", "\n".join(f"- `{name}`: {text}" for name, text in notes.items()) + "\n"]
            if notes
            else []
        ),
        *_receivers(kind, catalog),
    ]
    return "\n".join(parts)


def _made_of(kind: RecordType) -> list[str]:
    """The files a record type is made of: its schema, and the changes that later versions make to it."""
    folders = reversed(chain(kind.standard, kind.version))
    files = [folder / name for folder in folders for name in (f"{kind.name}.schema.json", "upgrade.yaml")]
    changes = {path for path in files if path.name == "upgrade.yaml" and path.is_file()}
    changes = {path for path in changes if kind.name in upgrade_of(path.parent).record_types}
    return [p.relative_to(ROOT).as_posix() for p in files if p in changes or (p.suffix == ".json" and p.is_file())]


def _field_row(field: Field, spec: dict[str, Any]) -> str:
    link = spec.get("x-link")
    return _row(
        f"`{field.name}`",
        field.title_zh,
        field.title_en,
        KINDS[field.kind],
        "是 yes" if field.required else "",
        spec.get("maxLength", ""),
        f"`{field.codes}`" if field.codes else "",
        field.unit,
        PERSONAL[field.personal],
        f"[{link['type']}]({link['type']}.md).`{link['field']}`" if link else _list_of(field),
        field.source,
        field.verified,
    )


def _list_of(field: Field) -> str:
    return f"[{field.items.name}]({field.items.name}.md)" if field.items else ""


def _receivers(kind: RecordType, catalog: Catalog) -> Iterable[str]:
    """How the type leaves: each receiver's columns, in the profile's order."""
    for code, receiver in catalog.receivers.items():
        fields = receiver.profiles.get(kind.name, {}).get("fields")
        if isinstance(fields, dict):
            yield f"## 报送 {receiver.name_zh} · to `{code}` ({receiver.name_en})\n"
            head = "| 接收方字段 column | 取自 from | 形式 form |\n|---|---|---|\n"
            yield head + "\n".join(_leaving(column, spec) for column, spec in fields.items()) + "\n"


def _leaving(column: str, spec: dict[str, Any]) -> str:
    origin = f"`{spec['from']}`" if "from" in spec else f"固定值 constant `{spec['constant']}`"
    words = "；".join(f"{ours} → {theirs}" for ours, theirs in spec.get("words", {}).items())
    return _row(f"`{column}`", origin, " ".join(filter(None, [spec.get("as", "text"), spec.get("format"), words])))


def _coded(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def pages() -> dict[Path, str]:
    """Every generated page, by its path."""
    folder = ROOT / "docs" / "dictionary"
    texts = dictionary_pages(standard(NAME, versions(NAME)[-1]), Catalog(ROOT))
    return {ROOT / "docs" / "findings.md": findings_page(), **{folder / name: text for name, text in texts.items()}}


def stale(wanted: dict[Path, str]) -> list[str]:
    """Pages that are missing, differ, or describe a type that is gone; their paths from the root."""
    differ = [p for p, text in wanted.items() if not p.is_file() or p.read_text(encoding="utf-8") != text]
    gone = [p for p in (ROOT / "docs" / "dictionary").glob("*.md") if p not in wanted]
    return sorted(path.relative_to(ROOT).as_posix() for path in [*differ, *gone])


def main() -> int:
    """Exit status 1 when --check finds a stale page."""
    wanted = pages()
    if "--check" in sys.argv:
        found = stale(wanted)
        for name in found:
            print(f"✗ {name} is stale → run make docs", file=sys.stderr)
        return 1 if found else 0
    for name in stale(wanted):
        (ROOT / name).unlink(missing_ok=True)
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
