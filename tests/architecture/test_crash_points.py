"""No step is made durable, and nothing leaves us, without a named point beside it at which the tests kill us."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for name in ("exchange", "connectors") for path in (ROOT / name).rglob("*.py"))
DURABLE = {"commit", "rename", "link", "fsync", "begin", "send"}
ELSEWHERE = {
    "exchange/durable.py sync_folder": "its callers place_file, make_file, finish_file, finish_folder have points",
    "exchange/keyring.py destroy": "place_file, which puts the note in the key's place first",
    "exchange/ledger/database.py _migrate": "one transaction, and no record is in it yet",
    "exchange/orchestration/metadata.py _copied": "Airflow's own database; no record depends on it",
    "connectors/file_places.py write": "under another name it counts for nothing until files.*.before_rename",
    "connectors/file_places.py _sync": "files.*.after_rename",
    "connectors/sftp.py write": "as for a folder",
    "connectors/sftp.py place": "files.*.before_rename and after_rename round it",
    "connectors/table_databases.py commit": "table.before_commit and after_commit round it",
    "connectors/table_servers.py __init__": "no transaction is open when a connection is set up",
    "connectors/http.py ask": "intent.after_commit before, send.answered behind it; to ask a source changes nothing",
}
"""Where a step's points are when they are not in the same function."""


def functions(path: Path) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)} {node.name}", node


def called(node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for one in ast.walk(node):
        if isinstance(one, ast.Call):
            name = one.func.attr if isinstance(one.func, ast.Attribute) else getattr(one.func, "id", "")
            yield name, one


def durable(name: str, call: ast.Call) -> bool:
    """Path.replace takes one argument, str.replace two; session.request is a socket's."""
    if name == "replace":
        return len(call.args) == 1 and not call.keywords and isinstance(call.func, ast.Attribute)
    if name == "request":
        return isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "session"
    return name in DURABLE


def bare(path: Path) -> list[str]:
    found = []
    for where, node in functions(path):
        names = list(called(node))
        if any(durable(*one) for one in names) and "crash_point" not in {name for name, _ in names}:
            found.append(where)
    return found


def test_each_durable_step_has_a_point_or_says_where_it_is() -> None:
    found = {where for path in SOURCES for where in bare(path)}
    assert sorted(found - set(ELSEWHERE)) == []
    assert sorted(set(ELSEWHERE) - found) == [], "no longer there"


def test_a_step_without_a_point_is_seen(tmp_path: Path) -> None:
    lines = ["def f(path, other):", "    path.replace(other)", "def g(path):", "    path.name.replace('a', 'b')"]
    (tmp_path / "x.py").write_text("\n".join(lines), encoding="utf-8")
    seen = [name for name, node in _of(tmp_path / "x.py") if any(durable(*one) for one in called(node))]
    assert seen == ["f"]


def _of(path: Path) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        assert isinstance(node, ast.FunctionDef)
        yield node.name, node
