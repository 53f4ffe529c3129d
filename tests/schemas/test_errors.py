"""Errors answer one question, try again or not; each says where and what to do."""

import inspect
import pickle
import re

import pytest

from schemas import errors
from schemas.errors import GuijiError, Terminal, Transient

LEAVES = sorted(
    (kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind not in (GuijiError, Transient, Terminal)),
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", LEAVES)
def test_an_error_is_either_worth_another_try_or_not(kind: type[GuijiError]) -> None:
    assert issubclass(kind, Transient) != issubclass(kind, Terminal)
    assert "Raised" in (kind.__doc__ or "")


@pytest.mark.parametrize("kind", LEAVES)
def test_the_tree_in_the_documentation_names_it_in_its_section(kind: type[GuijiError]) -> None:
    assert errors.__doc__ is not None
    transient, terminal = re.split(r"└── Terminal", errors.__doc__)
    section = transient if issubclass(kind, Transient) else terminal

    assert re.search(rf"─ {kind.__name__}\b", section)


@pytest.mark.parametrize(
    ("where", "remedy", "said"),
    [
        ("f.yaml: key", "write it", "f.yaml: key: is missing → write it"),
        ("f.yaml: key", "", "f.yaml: key: is missing"),
        ("", "write it", "is missing → write it"),
        ("", "", "is missing"),
    ],
)
def test_an_error_says_where_what_and_the_remedy(where: str, remedy: str, said: str) -> None:
    error = Terminal("is missing", where=where, remedy=remedy)

    assert str(error) == said
    assert (error.where, error.message, error.remedy) == (where, "is missing", remedy)


@pytest.mark.parametrize("kind", LEAVES)
def test_an_error_survives_the_way_between_processes(kind: type[GuijiError]) -> None:
    error = pickle.loads(pickle.dumps(kind("is missing", where="f.yaml", remedy="write it")))

    assert type(error) is kind
    assert str(error) == "f.yaml: is missing → write it"
