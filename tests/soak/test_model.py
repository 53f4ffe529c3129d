"""T11: Hypothesis writes the story (changes, kills, outages, replays, decisions); the model says how it must end.

After every story's step that brings everything home, both receivers hold what the model holds; at no time has a record
been sent twice, out of order, or with a text that the department never wrote.
"""

import json
import os
import sqlite3
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from exchange import flow, quarantine
from exchange.cli.looking import status_facts
from exchange.ledger.loads import Loads
from sandbox.receivers.rules import party_unknown
from schemas import crash_points
from schemas.errors import GuijiError
from tests.flow.conftest import installed
from tests.flow.installation import RECEIVERS, edit
from tests.flow.oracle import applied_of, cd_id, refusals, serial_of, wanted
from tests.flow.processes import FEED
from tests.soak.figures import tell
from tests.soak.model import Model
from tests.soak.tiers import SEED, amount

pytestmark = [pytest.mark.slow, pytest.mark.timeout(4 * 3600)]
TEXTS = ("处罚款人民币一万元", "处罚款人民币二万元", "没收违法所得", "警告")
POINTS = (
    "load.open.after_commit", "folder.before_rename", "folder.after_rename", "load.landed.before_commit",
    "load.landed.after_commit", "register.before_commit", "register.after_commit", "seal.before_commit",
    "seal.after_commit", "intent.before_commit", "intent.after_commit", "send.answered", "receipt.before_commit",
    "receipt.after_commit", "load.close.before_commit", "file.before_rename", "file.after_rename",
)  # fmt: skip
OUTAGES = ("down", "error_500_before", "error_500_after", "hang_up_after", "truncated_answer", "wrong_key_receipt",
           "partial_accept")  # fmt: skip
MARKET, NUMBERS, ANCHOR = "departments/market/penalty.yaml", st.integers(0, 5), 6
done: dict[str, int] = {"stories": 0, "steps": 0, "runs": 0}


class Killed(BaseException):
    """Instead of SIGKILL: the stories run in this process."""


class Story(RuleBasedStateMachine):
    """Six records of one feed."""

    @initialize()
    def opens(self) -> None:
        done["stories"] += 1
        self.stack = ExitStack()
        home = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="guiji-story-")))
        self.at = self.stack.enter_context(installed(home, 40, batch=2, only=FEED))
        self.patch = self.stack.enter_context(pytest.MonkeyPatch.context())
        self.patch.setattr(crash_points.os, "kill", self._killed)
        edit(self.at.root / MARKET, "max_held_share: 0.2", "max_held_share: 1.0\n  max_vanished_share: 1.0")
        truth = wanted(self.at.world, FEED, 1).values()
        sound = [one.row for one in truth if one.state == "present" and not one.dirt]
        self.pool = [dict(row) for row in sound if not party_unknown(cd_id(FEED, row))][: ANCHOR + 1]
        self.serials = [serial_of(row["jdswh"]) for row in self.pool]
        self.model, self.clean = Model(), True
        self.pulled: dict[int, list[tuple[int, str]]] = {}
        self.batches: list[str] = []
        self._sql("DELETE FROM xzcf")
        self._write(ANCHOR, TEXTS[0])  # always sound: the gate holds a batch that is empty or altogether unfit

    def _killed(self, *_: object) -> None:
        raise Killed

    def _sql(self, statement: str, *values: str) -> None:
        with closing(sqlite3.connect(self.at.world.state / "market.sqlite")) as base, base:
            base.execute(statement, values)

    def _write(self, number: int, content: str, *, revoked: bool = False, unfit: bool = False) -> None:
        row = self.pool[number] | {"cfnr": content, "zt": "撤销" if revoked else "有效"}
        row["jdrq"] = "2026-02-30" if unfit else row["jdrq"]
        marks = ", ".join("?" * len(row))
        self._sql(f"INSERT OR REPLACE INTO xzcf ({', '.join(row)}) VALUES ({marks})", *row.values())  # type: ignore[arg-type]
        self.model.write(number, content, revoked=revoked, unfit=unfit)

    @rule(number=NUMBERS, content=st.sampled_from(TEXTS))
    def writes(self, number: int, content: str) -> None:
        self._write(number, content)

    @rule(number=NUMBERS, content=st.sampled_from(TEXTS))
    def writes_something_unfit(self, number: int, content: str) -> None:
        self._write(number, content, unfit=True)

    @precondition(lambda self: len(self.model.rows) > 1)
    @rule(data=st.data())
    def revokes(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted({*self.model.rows} - {ANCHOR})))
        self._write(number, self.model.rows[number].content, revoked=True)

    @precondition(lambda self: len(self.model.rows) > 1)
    @rule(data=st.data())
    def deletes(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted({*self.model.rows} - {ANCHOR})))
        self._sql("DELETE FROM xzcf WHERE id = ?", str(self.pool[number]["id"]))
        self.model.delete(number)

    @rule(point=st.sampled_from(POINTS), turn=st.integers(1, 3))
    def is_killed(self, point: str, turn: int) -> None:
        self.patch.setenv("GUIJI_CRASH_AT", f"{point}:{turn}")
        self._run()
        self.patch.delenv("GUIJI_CRASH_AT")
        self._nothing_twice()

    @rule(code=st.sampled_from(RECEIVERS), fault=st.sampled_from(OUTAGES), skip=st.integers(0, 2))
    def meets_an_outage(self, code: str, fault: str, skip: int) -> None:
        self.at.receiver(code).faults.set(fault, 1, skip=skip)
        self._run()
        self._nothing_twice()

    @precondition(lambda self: self.clean and self.batches)
    @rule(data=st.data())
    def replays(self, data: st.DataObject) -> None:
        site = self.at.site()
        batch = data.draw(st.sampled_from(self.batches))
        flow.replay(site, Loads(site.ledger).of_batch(batch), self.at.day)
        site.ledger.engine.dispose()
        self.clean = False
        self.comes_home()

    @precondition(lambda self: self.clean and self.model.rows)
    @rule(data=st.data(), released=st.booleans())
    def decides(self, data: st.DataObject, released: bool) -> None:
        """A person judges the ticket of a row as it stands at the department."""
        site = self.at.site()
        mine = {
            one.id: self.pulled[one.load_id][one.ordinal]
            for one in quarantine.tickets(site, FEED, "held", 100)
            if one.load_id in self.pulled
        }
        now = {n: what for n, what in mine.items() if what[0] in self.model.rows and self._stands(*what)}
        if now:
            number = data.draw(st.sampled_from(sorted(now)))
            if released:
                quarantine.release(site, number, "经核实", "tester")
                self.model.release(*now[number])
            else:
                quarantine.drop(site, number, "不报", "tester")
        site.ledger.engine.dispose()

    def _stands(self, number: int, content: str) -> bool:
        row = self.model.rows[number]
        return row.unfit and row.content == content

    @rule()
    def comes_home(self) -> None:
        """Until all is done, and once more if what is done now was pulled before the last change."""
        for code in RECEIVERS:
            self.at.receiver(code).faults.clear()
        for _ in range(1 if self.clean else 2):
            words = [self._run() for _ in range(3)]
            assert None in words, words
            self._resend()
        self.clean = True
        self.model.delivered()
        self._agrees()
        self._nothing_twice()

    def _resend(self) -> None:
        site = self.at.site()
        away = [one for one in quarantine.rejections(site, FEED) if one.code == "9001"]
        for one in away:
            try:
                quarantine.resend(site, one.delivery, one.position, "系统恢复", "tester")
            except GuijiError as error:
                note(f"not sent again: {error}")
        site.ledger.engine.dispose()
        if away:
            assert self._run() is None

    def _run(self) -> str | None:
        """One run; what it complained of."""
        done["runs"] += 1
        crash_points._seen.clear()
        snapshot = [
            (n, row.content) for n, row in sorted(self.model.rows.items(), key=lambda i: str(self.pool[i[0]]["id"]))
        ]
        words: str | None = None
        try:
            self.at.run(FEED)
        except (GuijiError, Killed) as error:
            words, self.clean = f"{type(error).__name__}: {error}", False
        site = self.at.site()
        told = status_facts(site, [FEED])[FEED]
        site.ledger.engine.dispose()
        if isinstance(told, dict) and told["load_id"] not in self.pulled:
            self.pulled[told["load_id"]] = snapshot
            if told["batch_id"] and told["state"] == "closed":
                self.batches.append(told["batch_id"])
        return words

    def _agrees(self) -> None:
        for code in RECEIVERS:
            current = self.at.receiver(code).current("penalty")
            lines = {serial_of(key): json.loads(line) for key, (_, line) in current.items()}
            holds = {self.serials.index(s): line.get("penalty_content", line.get("CF_NR")) for s, line in lines.items()}
            excused = {n for n, _ in self.model.signed_for} if code == "province" else set()
            must = {n: text for n, text in self.model.held.items() if n not in excused}
            assert {n: text for n, text in holds.items() if n not in excused} == must, code

    def _nothing_twice(self) -> None:
        for code in RECEIVERS:
            for serial, versions in applied_of(self.at.receiver(code), FEED).items():
                revisions = [one.revision for one in versions]
                assert revisions == sorted(set(revisions)), (code, serial, revisions)
                assert [one.operation for one in versions].count("i") <= 1, (code, serial)
            signed = [words for words in refusals(self.at.receiver(code)) if "3001" not in words]
            assert (signed if self.model.signed_for else refusals(self.at.receiver(code))) == []

    def teardown(self) -> None:
        done["steps"] += 1
        if hasattr(self, "stack"):
            self.stack.close()


def test_every_story_ends_as_the_model_says() -> None:
    os.environ.pop("GUIJI_CRASH_AT", None)
    quiet = settings(
        max_examples=amount(5, 150, 1000), stateful_step_count=amount(10, 25, 40), deadline=None, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.generate, *([Phase.shrink] if amount(0, 1) else [])],
    )  # fmt: skip
    run_state_machine_as_test(seed(SEED)(Story), settings=quiet)
    tell("T11", f"stories of Hypothesis against a model, {done['runs']} runs", done["stories"], 0)
