"""`make soak`: the whole test programme at its night's or its release's size, and a table of what was tried.

Usage: python -m tests.soak [N|R] [words for pytest]. The table goes to var/soak/figures.md too;
       python -m tests.soak write puts that of the last run into docs/delivery-guarantee.md.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.soak import mutants
from tests.soak.figures import table, written
from tests.soak.tiers import EVERYTHING, MOST, SEED
from tests.soak.tracing import install, there

ROOT = Path(__file__).parents[2]
TRIED = ("tests/soak", "tests/flow/test_kill.py")


def main() -> int:
    tier, *words = sys.argv[1:] or ["N"]
    if tier == "write":
        return write()
    if tier not in ("C", "N", "R"):
        print(f"✗ 没有 {tier} 这一档 / there is no tier {tier}: N or R", file=sys.stderr)
        return 2
    if not there():
        install()
    kept = ROOT / "var" / "soak"
    kept.mkdir(parents=True, exist_ok=True)
    figures = kept / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.jsonl"
    env = os.environ | {"GUIJI_SOAK_TIER": tier, "GUIJI_SOAK_FIGURES": str(figures)}
    command = [sys.executable, "-m", "pytest", *TRIED, "-n", "2", "--dist", "worksteal", "-q", *words]
    print(f"种子 seed {SEED} · 档 tier {tier} · {' '.join(command[1:])}", flush=True)
    code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    capped = f"GUIJI_SOAK_MOST={MOST} " if MOST < EVERYTHING else ""
    only = f", only `{' '.join(words)}`" if words else ""
    found = f"{datetime.now(UTC):%Y-%m-%d}, `{capped}make soak TIER={tier}`{only}, seed {SEED}:\n\n{table(figures)}"
    (kept / "figures.md").write_text(found, encoding="utf-8")
    print(f"{found}\n{mutants.table()}", end="")
    return code


def write() -> int:
    """The last run's figures into the page."""
    page, figures = ROOT / "docs" / "delivery-guarantee.md", ROOT / "var" / "soak" / "figures.md"
    if not figures.exists():
        print("✗ 尚未运行过 make soak / make soak was never run", file=sys.stderr)
        return 2
    found = figures.read_text(encoding="utf-8")
    page.write_text(written(page.read_text(encoding="utf-8"), found), encoding="utf-8")
    print(f"{page.relative_to(ROOT)}: {found.splitlines()[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
