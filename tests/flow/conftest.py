"""Whole installations on the real sandbox, without Airflow."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from sandbox.world import World
from tests.flow.installation import Installation, catalog_root
from tests.flow.processes import Zygote
from tests.flow.transports import TRANSPORTS, drop

Install = Callable[..., Installation]


@contextmanager
def installed(
    home: Path, rows: int, batch: int = 1000, timeout: float = 30, only: str = "*", *,
    market_url: str | None = None, ledger: str = "", transport: str = "rest",
) -> Iterator[Installation]:  # fmt: skip
    """A started sandbox and its installation; the environment of this process is set, and put back.

    `transport`: how records come to the nation, a name in TRANSPORTS.
    """
    root, by = home / "catalog", TRANSPORTS[transport]
    if not root.exists():
        catalog_root(root, batch=batch, timeout=timeout, only=only, equip=by.equip)
    with ExitStack() as stack:
        stack.callback(drop, home / "sandbox")
        made_world = World(home / "sandbox", rows=rows, market_url=market_url, nation=by.receiver)
        world, patch = stack.enter_context(made_world), stack.enter_context(pytest.MonkeyPatch.context())
        made = Installation(home / "var", world, root, ledger)
        made.home.mkdir(exist_ok=True)
        for name, value in made.env().items():
            patch.setenv(name, value)
        yield made


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    """Makes an installation of the size a test asks for."""
    with ExitStack() as stack:
        yield lambda rows=40, **how: stack.enter_context(installed(tmp_path, rows, **how))


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """One warm process for the session; nothing runs in it, its forks do the work."""
    with Zygote() as warm:
        yield warm
