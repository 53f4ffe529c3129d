"""The generated pages: fresh as committed, stale when the data or a page changes."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from schemas.catalog import HOUSE, Catalog
from schemas.standard import standard

TYPES = standard("enforcement", "1.0").record_types


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", HOUSE / "docs" / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_pages_are_fresh(generate: ModuleType) -> None:
    assert generate.stale(generate.pages()) == []


def test_a_changed_page_and_a_page_of_no_type_are_stale(generate: ModuleType) -> None:
    wanted: dict[Path, str] = generate.pages()
    penalty = HOUSE / "docs" / "dictionary" / "penalty.md"
    changed = {**wanted, penalty: wanted[penalty] + "x"}
    assert generate.stale(changed) == ["docs/dictionary/penalty.md"]
    del changed[penalty]
    assert generate.stale(changed) == ["docs/dictionary/penalty.md"]


@pytest.mark.parametrize("name", sorted(TYPES))
def test_a_page_says_every_field_with_its_mark(generate: ModuleType, name: str) -> None:
    lines = generate.dictionary_pages(standard("enforcement", "1.0"), Catalog(HOUSE))[f"{name}.md"].splitlines()
    for field in TYPES[name].fields:
        row = next(line for line in lines if line.startswith(f"| `{field.name}` | {field.title_zh}"))
        assert row.endswith(f"| {field.source} | {field.verified} |")
