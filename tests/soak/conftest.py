"""The warm process, and installations that stand before a night."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flow.conftest import zygote as zygote
from tests.flow.processes import Zygote
from tests.soak.survival import template

Standing = Callable[[int], Path]


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Standing:
    """The folder of an installation before a night; it is copied, never run."""
    made: dict[int, Path] = {}

    def stands(night: int) -> Path:
        if night not in made:
            made[night] = template(tmp_path_factory.mktemp(f"night{night}") / "home", night, zygote)
        return made[night]

    return stands
