"""Writes the pages that are made from data: docs/findings.md. With --check: fails when they are stale."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from schemas.findings import registry  # noqa: E402

HEAD = """# Findings 问题代码

Made by `make docs` from `schemas/finding_codes/*.csv`; do not edit. *error* holds the record back, *warning* lets it
pass and counts it.

| code | severity | 含义 meaning | 处理 what to do |
|---|---|---|---|
"""


def findings_page() -> str:
    """One row per code, sorted."""
    rows = [
        f"| `{c.code}` | {c.severity} | {c.title_zh}<br>{c.title_en} | {c.remedy_zh}<br>{c.remedy_en} |"
        for c in sorted(registry().values(), key=lambda c: c.code)
    ]
    return HEAD + "\n".join(rows) + "\n"


def main() -> int:
    """Exit status 1 when --check finds a stale page."""
    page, text = ROOT / "docs" / "findings.md", findings_page()
    if "--check" not in sys.argv:
        page.write_text(text, encoding="utf-8")
        return 0
    if not page.is_file() or page.read_text(encoding="utf-8") != text:
        print("✗ docs/findings.md is stale → run make docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
