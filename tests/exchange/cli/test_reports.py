"""`guiji report annual` as a person types it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exchange import flow
from exchange.site import Site
from sandbox.world import World
from schemas.annual_layouts import layouts


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an installation with one feed registered."""
    home = tmp_path_factory.mktemp("annual")
    with pytest.MonkeyPatch.context() as patch, World(home / "sandbox", rows=40) as world:
        for name, value in world.env().items():
            patch.setenv(name, value)
        site = Site(home / "var", f"sqlite:///{home / 'ledger.db'}")
        flow.run(site, "market/penalty", world.business_date())
        site.ledger.engine.dispose()
    return {"GUIJI_HOME": str(home / "var"), "GUIJI_LEDGER": f"sqlite:///{home / 'ledger.db'}"}


def test_every_layout_is_written_and_named(guiji: Callable[..., Any], kept: dict[str, str]) -> None:
    said = guiji("report", "annual", "--year", "2026", env=kept)

    folder = Path(kept["GUIJI_HOME"]) / "reports" / "annual" / "2026"
    assert (said.status, said.err) == (0, "")
    assert [line.split(" · ")[0] for line in said.out.splitlines()] == [f"✓ {folder / name}.html" for name in layouts()]
    assert len(list(folder.iterdir())) == 4 * len(layouts())


def test_a_person_settles_what_the_layout_leaves_open(
    guiji: Callable[..., Any], kept: dict[str, str], tmp_path: Path
) -> None:
    words = ("report", "annual", "--year", "2026", "--layout", "zhejiang_2024", "--out", str(tmp_path))
    before = guiji(*words, env=kept).out
    after = guiji(*words, "--order", "2021_datong", "--department", "market", env=kept).out

    def filled(line: str) -> int:
        return int(line.split("filled ")[1].split("/")[0])

    assert filled(after) > 0
    assert "/28" in after
    assert "人工指明" in (tmp_path / "zhejiang_2024.html").read_text(encoding="utf-8")
    assert filled(before) > 0


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("--year", "2026", "--layout", "datong"), 1, "datong_2021"),
        (("--year", "2026", "--order", "heavy"), 1, "2021_shandong"),
        (("--year", "2026", "--revoked", "maybe"), 1, "count, leave"),
        (("--year", "2026", "--department", "markt"), 1, "market"),
        (("--year", "26"), 2, "--year"),
        ((), 2, "--year"),
    ],
)
def test_a_wrong_word_is_one_error_with_its_remedy(
    guiji: Callable[..., Any], kept: dict[str, str], words: tuple[str, ...], status: int, told: str
) -> None:
    said = guiji("report", "annual", *words, env=kept)

    assert said.status == status
    assert told in said.err
    assert "Traceback" not in said.err


def test_an_empty_ledger_is_said(guiji: Callable[..., Any], tmp_path: Path) -> None:
    said = guiji("report", "annual", "--year", "2026", env={"GUIJI_HOME": str(tmp_path)})
    assert (said.status, said.out) == (1, "")
    assert "guiji status" in said.err


def test_the_nights_report_is_still_the_default(guiji: Callable[..., Any], kept: dict[str, str]) -> None:
    said = guiji("report", "--date", "2020-01-01", env=kept)
    assert (said.status, "no load of 2020-01-01" in said.err) == (1, True)
