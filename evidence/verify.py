"""Check an evidence bundle (存证包) off line: `guiji verify BUNDLE`, or `python verify.py BUNDLE --trust KEY` anywhere.

Needs Python 3.11 and `cryptography`; no database, no network. Every check says in Chinese and English what holds or
does not. The format is docs/evidence.md. Exit status: 0 all holds, 1 something does not, or the key was not compared.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from evidence.checks import (
    check_answer,
    check_chained,
    check_container,
    check_included,
    check_key,
    check_members,
    check_published,
    check_receipts,
    check_request,
    check_signed,
    check_statement,
    check_trusted,
)
from evidence.container import Bundle, unpack
from evidence.proofs import Broken, NotShown

Said = tuple[str, str]
CHECKS: tuple[Callable[[Bundle], Said], ...] = (
    check_container, check_statement, check_request, check_key, check_receipts, check_answer, check_members,
    check_included, check_signed, check_chained,
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One check. `holds` None: the bundle leaves it out on purpose."""

    holds: bool | None
    chinese: str
    english: str


def check(raw: bytes, trust: Sequence[str] = (), published: str = "") -> list[Finding]:
    """Every check of one bundle, whatever is in it. `trust`: keys as texts; `published`: a checkpoint's digest."""
    try:
        bundle = unpack(raw)
    except Broken as broken:
        return [Finding(False, *broken.args)]
    last: list[Callable[[Bundle], Said]] = [partial(check_trusted, trust=trust)]
    if published:
        last.append(partial(check_published, published=published))
    return [_one(each, bundle) for each in [*CHECKS, *last]]


def _one(each: Callable[[Bundle], Said], bundle: Bundle) -> Finding:
    try:
        return Finding(True, *each(bundle))
    except Broken as broken:
        return Finding(False, *broken.args)
    except NotShown as absent:
        return Finding(None, *absent.args)
    except Exception as error:  # whatever a hostile file makes Python say, it does not hold
        return Finding(False, "内容读不懂", f"cannot be read ({type(error).__name__})")


def holds(findings: Sequence[Finding]) -> bool:
    """Whether nothing is against it. What a bundle leaves out on purpose is not against it."""
    return all(finding.holds is not False for finding in findings)


def told(findings: Sequence[Finding], raw: bytes) -> Iterator[str]:
    """What to print: a line on what it is, one for every check, the verdict. No stranger's control characters."""
    try:
        said = unpack(raw).statement
        yield f"报送 delivery {said['delivery']}\n  {said['feed']} → {said['receiver']}, {said['count']} 条 records"
    except Exception:
        yield "报送 delivery ?"
    for finding in findings:
        sign = "–" if finding.holds is None else "✓" if finding.holds else "✗"
        apart = ("未含：", "not shown: ") if finding.holds is None else ("", "")
        yield f"{sign} {apart[0]}{finding.chinese} · {apart[1]}{finding.english}"
    against = sum(finding.holds is False for finding in findings)
    absent = any(finding.holds is None for finding in findings)
    if against:
        count = len(findings)
        yield f"✗ 不能证明：{count} 项中 {against} 项不成立 · not proved: {against} of {count} checks do not hold"
    elif absent:
        yield "✓ 所示部分成立 · what is shown holds"
    else:
        yield "✓ 证据成立 · the evidence holds"


def keys_of(given: Sequence[str]) -> list[str]:
    """Trusted keys from texts, files (one key a line), or folders of such files (*.key)."""
    keys: list[str] = []
    for text in given:
        path = Path(text)
        if path.is_dir():
            keys += keys_of([str(file) for file in sorted(path.glob("*.key"))])
        else:
            keys += path.read_text(encoding="utf-8").split() if path.is_file() else [text]
    return keys


def main() -> int:
    parser = argparse.ArgumentParser(description="核验存证包 · check an evidence bundle, off line")
    parser.add_argument("bundle", type=Path, help="存证包文件 · the bundle")
    parser.add_argument("--trust", action="append", default=[], help="公布的公钥：文件、目录或文本 · published key")
    parser.add_argument("--published", default="", help="公布的检查点摘要 · digest of a published checkpoint")
    given = parser.parse_args()
    raw = given.bundle.read_bytes()
    findings = check(raw, keys_of(given.trust), given.published)
    print("\n".join("".join(c if c.isprintable() or c == "\n" else "?" for c in line) for line in told(findings, raw)))
    return 0 if holds(findings) else 1


if __name__ == "__main__":
    sys.exit(main())
