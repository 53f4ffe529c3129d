"""The verifier as one file to hand over: its modules one after the other, their imports of each other left out."""

import ast
from pathlib import Path

MODULES = ("proofs", "sm2", "notes", "container", "checks", "verify")


def one_file() -> str:
    """The text of a program that runs as `python verify.py BUNDLE --trust KEY`, beside nothing of ours."""
    folder = Path(__file__).parent
    texts = {name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in MODULES}
    opening = ast.get_docstring(ast.parse(texts["verify"]), clean=False)
    return f'"""{opening}"""\n\n' + "\n\n".join(_without_ours(texts[name]) for name in MODULES)


def _without_ours(text: str) -> str:
    """Drops the docstring and every `from evidence.… import …`."""
    tree = ast.parse(text)
    ours = [n for n in tree.body if isinstance(n, ast.ImportFrom) and (n.module or "").startswith("evidence")]
    gone = {line for n in [tree.body[0], *ours] for line in range(n.lineno, (n.end_lineno or n.lineno) + 1)}
    kept = (line for number, line in enumerate(text.splitlines(), 1) if number not in gone)
    return "\n".join(kept).strip("\n") + "\n"
