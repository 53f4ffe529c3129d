"""`guiji`: help everywhere, exit statuses that mean something, errors in one line, no record in any output."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.generator import make_night
from sandbox.generator.layouts import LAYOUTS
from schemas.catalog import HOUSE

Night = dict[str, Any]
Guiji = Callable[..., Any]
COMMANDS = ["", "check", "preview", "convert", "run", "status", "replay", "report", "quarantine"]
TICKETS = ("list", "show", "drop", "release", "assign", "return", "correct", "standing")
COMMANDS += [f"quarantine {name}" for name in TICKETS]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, guiji: Guiji) -> None:
    said = guiji(*command.split(), "--help")

    assert said.status == 0
    assert re.search(r"[\u4e00-\u9fff]", said.out)
    assert "--help" in said.out


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom exchange.cli.main import main\nsys.argv = ['guiji', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print([n for n in ('pyarrow', 'pandas', 'great_expectations', 'sqlalchemy', 'numpy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=HOUSE, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_convert_answers_line_by_line(guiji: Guiji) -> None:
    said = guiji("convert", "date", given='"2026年3月2日"\n"下周"\nnot json\nnull\n')

    lines = [json.loads(line) for line in said.out.splitlines()]
    assert said.status == 0
    assert lines[0] == {"value": "2026-03-02", "findings": []}
    assert lines[1]["value"] is None
    assert lines[1]["findings"][0]["severity"] == "error"
    assert lines[2]["error"]["type"] == "NotAJsonString"
    assert lines[3] == {"value": None, "findings": []}


def test_convert_takes_parameters_and_lists_its_names(guiji: Guiji) -> None:
    said = guiji("convert", "money", "--param", "unit=万元", given='"1.5"\n')

    assert json.loads(said.out)["value"] == "15000.00"
    assert {"date", "money", "credit_code"} <= set(guiji("convert", "--list").out.split())


def test_an_unknown_converter_is_one_line_with_the_nearest_name(guiji: Guiji) -> None:
    said = guiji("convert", "mony", given='"1"\n')

    assert (said.status, said.out) == (1, "")
    assert re.fullmatch(r"✗ .*mony.*money.*\n", said.err)


def test_a_night_with_a_receiver_down_can_be_tried_again_and_then_is_whole(night: Night) -> None:
    down, again = night["run, province down"], night["run again"]

    assert down.status == 75
    assert re.fullmatch(r"✗ .*province.*\n", down.err)
    assert "guiji run market/penalty" in down.out
    assert "guiji run market/penalty" in night["status, province down"].out
    assert (again.status, again.err) == (0, "")
    assert "未办结" not in again.out


def test_status_adds_up_to_what_the_source_held(night: Night) -> None:
    assert "从未拉取" in night["status before"].out
    told = json.loads(night["status"].out)
    (market,) = [balance for balance in told.values() if balance]

    assert set(told) == set(LAYOUTS)
    assert market["feed"] == "market/penalty"
    assert market["whole"] is True
    assert market["pulled"] == 2 * len(make_night(1, rows=40).feeds["market/penalty"].rows)  # two pulls that day
    assert market["pulled"] == sum(
        market[part] for part in ("unchanged", "duplicate", "quarantined", "excluded", "new")
    )


def test_every_held_row_has_a_ticket_that_says_why_and_what_to_do(night: Night) -> None:
    truth = make_night(1, rows=40).feeds["market/penalty"]
    shown = [said for name, said in night.items() if name.startswith("show ")]

    assert truth.count("held") <= len(shown) <= truth.count("held") + truth.count("either")
    assert shown
    for said in shown:
        assert said.status == 0
        assert re.search(r"^  [A-Z_]+ \w+: .+ / .+\n    → .+ / .+", said.out, re.MULTILINE)


def test_a_ticket_is_settled_once(night: Night) -> None:
    assert night["drop"].status == night["release"].status == 0
    assert night["drop again"].status == 1
    assert "is dropped already" in night["drop again"].err
    before, after = (len(re.findall(r"market/penalty\s+│.*│ held", night[name].out)) for name in ("list", "list after"))
    assert after == before - 2


def test_a_released_row_is_sent_by_the_replay_which_asks_no_department(night: Night) -> None:
    waiting = json.loads(night["status, released"].out)["market/penalty"]
    done = json.loads(night["status after"].out)["market/penalty"]

    assert night["replay"].status == 0, night["replay"].err
    assert done["whole"] is True
    assert done["batch_id"] == waiting["batch_id"]
    assert done["load_id"] > waiting["load_id"]
    before, after = ([int(count) for count in night[name].out.split()] for name in ("applied before", "applied after"))
    assert after == [count + 1 for count in before]


def test_the_report_is_written_where_it_says(night: Night) -> None:
    assert night["report"].status == 0
    assert "归集夜报" in Path(night["report"].out.strip()).read_text(encoding="utf-8")
    assert night["report of another day"].status == 1
    assert "no load of 2020-01-01" in night["report of another day"].err


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("no such feed", "did you mean market/penalty"),
        ("no such ticket", "there is no ticket 99999"),
        ("no such batch", "ffffffff"),
        ("no such stage", "known: land, prepare, seal"),
    ],
)
def test_a_name_that_does_not_exist_is_one_line_and_status_1(step: str, said: str, night: Night) -> None:
    assert night[step].status == 1
    assert re.fullmatch(rf"✗ .*{said}.*→.*\n|✗ .*→.*{said}.*\n", night[step].err)


def test_no_record_is_in_any_output(night: Night) -> None:
    written = "".join(said.out + said.err for said in night.values())
    layout, rows = LAYOUTS["market/penalty"], make_night(1, rows=40).feeds["market/penalty"].rows
    names = (
        *("party_name", "legal_representative", "party_id_number", "legal_representative_id_number"),
        *("violation_facts", "penalty_content"),
    )

    known = {value for row in rows for name in names if len(value := row[layout.columns[name]] or "") > 1}
    assert len(known) > 50
    assert [value for value in known if value in written] == []
    assert "Traceback" not in written
