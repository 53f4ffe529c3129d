"""Owns an installation of one department of coercion cases and the two receivers that take them, for the tests."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from sandbox.departments.city import CityDepartment
from sandbox.generator.cases import FIRST, CaseNight, make_cases
from sandbox.receivers import Receiver
from sandbox.receivers.cases import CaseImport
from schemas.catalog import HOUSE
from tests.flow.installation import Installation

FEED = "city/coercion_case"


class CaseWorld:
    """The department, the national receiver behind REST, and the platform that imports workbooks."""

    def __init__(self, state: Path, url: str | None = None) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self.state, self.night = state, 0
        self.city = CityDepartment(state / "city.sqlite", url)
        self.nation, self.platform = Receiver("nation", state), CaseImport(state)

    def advance_to(self, night: int) -> None:
        self.night = night
        self.city.load(self.truth)

    @property
    def truth(self) -> CaseNight:
        return make_cases(self.night)

    def business_date(self, night: int | None = None) -> date:
        return FIRST + timedelta(days=(night or self.night) - 1)

    def env(self) -> dict[str, str]:
        return self.city.env() | self.nation.env() | self.platform.env()


class CaseInstallation(Installation):
    """As any other, with a world of cases."""

    world: CaseWorld  # type: ignore[assignment]

    def receivers(self) -> tuple[str, str]:
        return "nation", "case_import"


@contextmanager
def cases_installed(home: Path, url: str | None = None, ledger: str = "") -> Iterator[CaseInstallation]:
    """Started, on night 1; the environment of this process is set, and put back."""
    root = home / "catalog"
    shutil.copytree(HOUSE / "receivers", root / "receivers")
    shutil.copytree(Path(__file__).with_name("cases"), root / "departments" / "city")
    world = CaseWorld(home / "sandbox", url)
    with ExitStack() as stack:
        stack.enter_context(world.nation)
        stack.enter_context(world.platform)
        world.advance_to(1)
        at = CaseInstallation(home / "var", world, root, ledger)  # type: ignore[arg-type]
        at.home.mkdir()
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in at.env().items():
            patch.setenv(name, value)
        yield at
