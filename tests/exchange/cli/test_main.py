"""The command as the operator starts it: a process, its exit status, its words."""

import json
import os
import subprocess
import sys

import pytest


@pytest.fixture
def guiji(site):
    def _run(*words, **more):
        return subprocess.run(
            [sys.executable, "-m", "exchange.cli.main", *words], capture_output=True, text=True, timeout=60,
            env={**os.environ, "GUIJI_HOME": str(site.home), "GUIJI_LEDGER": site.ledger_url}, **more,
        )  # fmt: skip

    return _run


def test_help_loads_nothing_heavy():
    code = (
        "import sys, exchange.cli.main\n"
        "print([m for m in ('pyarrow', 'pandas', 'great_expectations', 'airflow') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["check", "preview", "convert", "run", "status", "replay", "report", "quarantine"])
def test_every_command_explains_itself(guiji, name):
    answer = guiji(name, "--help")
    assert answer.returncode == 0
    assert "Usage" in answer.stdout


def test_status_for_machines(guiji):
    facts = json.loads(guiji("status", "--json", "--feed", "market/penalty").stdout)["market/penalty"]
    assert (facts["pulled"], facts["quarantined"], facts["new"], facts["whole"]) == (3, 1, 2, False)


def test_list_shows_tickets_and_rejections_and_lets_no_control_character_through(guiji):
    words = guiji("quarantine", "list").stdout
    assert "TEXT_MOJIBAKE" in words
    assert "<script>" in words
    assert "\x1b" not in words


def test_a_known_error_is_one_line_with_its_remedy_and_exit_1(guiji):
    answer = guiji("quarantine", "drop", "99", "--reason", "r", "--person", "p")
    assert answer.returncode == 1
    assert len(answer.stderr.splitlines()) == 1
    assert "guiji quarantine list" in answer.stderr


def test_a_release_without_a_name_or_a_reason_is_refused(guiji):
    assert guiji("quarantine", "release", "1", "--person", "p").returncode == 2
    assert guiji("quarantine", "release", "1", "--reason", "r").returncode == 2


def test_an_unknown_error_says_where_but_never_what(tmp_path):
    code = (
        "from exchange.cli import main\n"
        "def fail(): raise ValueError('310101199001011234')\n"
        "main.app.command('fail')(fail)\n"
        "import sys; sys.argv = ['guiji', 'fail']; main.main()"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 70
    assert "ValueError" in answer.stderr
    assert "310101199001011234" not in answer.stderr + answer.stdout


def test_report_prints_the_path_and_fails_for_a_day_without_loads(guiji, site):
    assert guiji("report", "--date", "2026-03-02").stdout.strip() == str(
        site.home / "reports" / "2026-03-02" / "index.html"
    )
    assert guiji("report", "--date", "2020-01-01").returncode != 0
