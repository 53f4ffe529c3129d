"""An operator gives rows back, takes them in corrected, and looks before replaying: every answer in both languages."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.world import World
from tests.flow.workbooks import TICKET, Workbook

Said = Any


@pytest.fixture(scope="module")
def round_trip(tmp_path_factory: pytest.TempPathFactory, guiji: Callable[..., Said]) -> Iterator[dict[str, Said]]:
    """Step → what was answered."""
    home, said = tmp_path_factory.mktemp("returning"), dict[str, Said]()
    with World(home / "sandbox", rows=40) as world:
        env = {**world.env(), "GUIJI_HOME": str(home / "var"), "GUIJI_PERSON": "王五"}
        day = ("--date", world.business_date().isoformat())

        def step(name: str, *words: str) -> str:
            said[name] = guiji(*words, env=env)
            return str(said[name].out)

        step("run", "run", "market/penalty", *day)
        found = step("return", "quarantine", "return", "market", "--out", str(home / "out"))
        said["path"] = re.findall(r"→ (\S+\.xlsx)", found)
        book = Workbook(Path(said["path"][0]))
        ticket = next(str(row[TICKET]) for _, row in book.rows() if "bytes of the text" in str(row["问题 problem"]))
        book.put(ticket, wfss="经查，当事人未按规定使用计量器具。")
        back = book.save(home / "back.xlsx")
        step("assign", "quarantine", "assign", ticket, "--to", "李四", "--reason", "经办")
        step("show", "quarantine", "show", ticket)
        step("list", "quarantine", "list", "--feed", "market")
        step("overdue", "quarantine", "list", "--overdue")
        batch = re.findall(
            r"--from seal$|replay (\w+) --from", step("correct", "quarantine", "correct", str(back), *day)
        )[0]
        step("standing", "quarantine", "standing")
        step("preview", "replay", batch, "--from", "seal", "--preview")
        step("replay", "replay", batch, "--from", "seal")
        step("preview after", "replay", batch, "--from", "seal", "--preview")
        step("rejected elsewhere", "replay", batch, "--rejected")
        step("no such department", "quarantine", "return", "markt")
        step("no such file", "quarantine", "correct", str(home / "none.xlsx"))
        yield said


def row(said: Said, words: str) -> list[str]:
    line = next(line for line in said.out.splitlines() if words in line)
    return re.findall(r"\d+", line.split("│", 2)[2])


def test_a_return_names_its_file_and_warns_of_what_is_in_it(round_trip: dict[str, Said]) -> None:
    assert round_trip["return"].status == 0, round_trip["return"].err
    assert len(round_trip["path"]) == 1
    assert "含个人信息" in round_trip["return"].out
    assert "Personal data" in round_trip["return"].out


def test_a_ticket_shows_owner_assignee_and_term(round_trip: dict[str, Said]) -> None:
    assert "云南省市场监督管理局" in round_trip["show"].out
    assert "李四" in round_trip["show"].out
    assert re.search(r"期限 due: \d{4}-\d\d-\d\d", round_trip["show"].out)
    assert re.search(r"market/penalty .* held .* \d{4}-\d\d-\d\d", round_trip["list"].out)
    assert "market/penalty" not in round_trip["overdue"].out


def test_a_correction_says_row_by_row_what_became_of_it_and_what_to_type(round_trip: dict[str, Said]) -> None:
    said = round_trip["correct"]
    assert said.status == 1, "the rows that were left as they were are not settled"
    assert len(re.findall("^✓ 第", said.out, re.MULTILINE)) == 1
    assert "1 已补正 corrected" in said.out
    assert "未改动，未采用" in said.out
    assert "market/penalty" in round_trip["standing"].out
    assert "王五" in round_trip["standing"].out


def test_the_preview_says_what_the_replay_then_does(round_trip: dict[str, Said]) -> None:
    assert row(round_trip["preview"], "will be sent") == ["1", "1"]
    assert round_trip["replay"].status == 0, round_trip["replay"].err
    assert row(round_trip["preview after"], "will be sent") == ["0", "0"]
    assert row(round_trip["preview after"], "held identical") == ["1", "1"]


@pytest.mark.parametrize("name", ["rejected elsewhere", "no such department", "no such file"])
def test_a_mistake_is_one_line_with_a_remedy(round_trip: dict[str, Said], name: str) -> None:
    said = round_trip[name]
    assert said.status == 1
    assert re.fullmatch(r"✗ .+ → .+\n", said.err)
