"""The pages keep up with the code: every error, key, form, folder and command is named, and no link is broken."""

import inspect
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from connectors import registry, signing
from expectations.gate import GateLimits
from schemas import errors
from transforms import decode, mapping, outgoing
from transforms.converters.registry import CONVERTERS

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|md|yaml|csv|json|toml))`")
EXAMPLES = {("docs/adding-a-department.md", f"departments/forestry/{name}.yaml") for name in ("department", "penalty")}
READMES = ("README.md", "README.zh-CN.md")


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def tracked(pattern: str) -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", pattern]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in found.split("\0") if name and (ROOT / name).is_file()]


def unnamed(names: set[str], text: str) -> list[str]:
    """Names that stand nowhere in the text between backquotes, alone or after a dot."""
    quoted = {word for code in re.findall(r"`([^`\n]+)`", text) for word in re.split(r"[^\w]+", code)}
    return sorted(names - quoted)


def anchors(path: Path) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken(source: Path) -> list[str]:
    wrong = []
    for target in LINK.findall(source.read_text(encoding="utf-8")):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        path = (source.parent / name).resolve() if name else source
        if not path.exists() or (anchor and anchor not in anchors(path)):
            wrong.append(target)
    return wrong


def test_operations_has_a_section_for_every_error() -> None:
    classes = {name for name, one in inspect.getmembers(errors, inspect.isclass) if one.__module__ == errors.__name__}
    sections = set(re.findall(r"^### (\w+)$", page("docs/operations.md"), re.MULTILINE))
    assert "Unfinished" in classes
    assert sorted(classes - sections) == []


def test_every_key_of_a_mapping_is_explained() -> None:
    known = mapping.KEYS | mapping.FIELD_KEYS | decode.KEYS | {limit.name for limit in fields(GateLimits)}
    assert unnamed(known, page("docs/adding-a-department.md")) == []


@pytest.mark.parametrize("method", registry.SOURCES)
def test_every_key_of_a_method_is_explained_under_it(method: str) -> None:
    section = page("docs/adding-a-department.md").split(f"### `{method}`")[1].split("\n### ")[0].split("\n## ")[0]
    of_access, of_source, _ = registry.SOURCES[method]
    assert unnamed(of_access | of_source, section) == []


def test_every_scheme_format_and_converter_is_named() -> None:
    names = {*decode.DECODERS, *CONVERTERS, *signing.KEYS} | set().union(*signing.KEYS.values())
    assert unnamed(names, page("docs/adding-a-department.md")) == []


def test_every_key_and_form_of_a_receiver_is_explained() -> None:
    known = set(outgoing.FORMS) | outgoing.KEYS | {"promise", "max_records"}
    known |= {"idempotency", "inquiry", "settle_seconds", "digest", "ladder"}
    known |= set().union(*(of_access for of_access, _ in registry.TARGETS.values()))
    assert unnamed(known, page("docs/adding-a-receiver.md")) == []


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_tells_what_every_folder_owns(readme: str) -> None:
    folders = {name.split("/")[0] for name in tracked("*/*") if not name.startswith(".")}
    table = set(re.findall(r"^\| `(\w+)/` \|", page(readme), re.MULTILINE))
    assert table == folders


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_names_every_command_and_no_other(readme: str) -> None:
    from typer.main import get_command

    from exchange.cli.main import app

    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert set(re.findall(r"bin/guiji (\w+)", page(readme))) == commands


def test_the_makefile_has_every_target_that_pages_name() -> None:
    targets = set(re.findall(r"^([a-z]+):", page("Makefile"), re.MULTILINE))
    named = {word for name in tracked("*.md") for word in re.findall(r"[`\n]make ([a-z]+)", page(name))}
    assert sorted(named - targets) == []


def test_no_page_waits_for_something_to_be_pasted() -> None:
    assert [name for name in tracked("*.md") if "<!-- " in page(name)] == []


@pytest.mark.parametrize("name", tracked("*.md"))
def test_no_relative_link_is_broken(name: str) -> None:
    assert broken(ROOT / name) == []


def test_every_file_that_a_page_names_exists() -> None:
    top = {name.split("/")[0] for name in tracked("*/*")}
    named = {(page_name, path) for page_name in tracked("*.md") for path in PATH.findall(page(page_name))}
    lost = {(where, path) for where, path in named if path.split("/")[0] in top and not (ROOT / path).is_file()}
    assert len(named) > 50
    assert sorted(lost - EXAMPLES) == []


def test_the_generated_page_is_fresh() -> None:
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_worked_example_is_a_mapping_that_compiles() -> None:
    import yaml

    from schemas.standard import standard
    from transforms.converters.registry import get

    blocks = re.findall(r"```yaml\n(.*?)```", page("docs/adding-a-department.md"), re.DOTALL)
    department, feed = (yaml.safe_load(block) for block in blocks[:2])
    registry.check_source(department["access"], feed["source"], "example")
    kind = standard("enforcement", "1.0").record_types["penalty"]
    assert len(mapping.compile_mapping(feed, kind, "example", get).fields) == len(feed["fields"])


def test_the_exchange_table_of_the_page_is_one_that_check_takes() -> None:
    import yaml

    blocks = re.findall(r"```yaml\n(.*?)```", page("docs/adding-a-receiver.md"), re.DOTALL)
    found = [data["access"] for data in map(yaml.safe_load, blocks)
             if data.get("access", {}).get("method") == "table"]  # fmt: skip
    assert len(found) == 1
    registry.check_target(found[0], "example")


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# One two\n[x](#one-two) [y](a.md#three) [z](b.md)\n", encoding="utf-8")
    assert broken(tmp_path / "a.md") == ["a.md#three", "b.md"]
