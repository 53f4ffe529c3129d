"""Owns the scenarios that must notice a planted bug. Each says what it has to complain of; without a bug, nothing."""

import shutil
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from exchange import held, quarantine
from exchange.cli.looking import status_facts
from tests.flow.conftest import installed
from tests.flow.installation import RECEIVERS, Installation, edit
from tests.flow.oracle import answers, faults, serial_of
from tests.flow.processes import FEED, Outcome, Running, Zygote
from tests.soak.conftest import Standing
from tests.soak.survival import BATCH, ROWS, again, copied, look
from tests.soak.tracing import TRACED, unsynced
from tests.soak.tracing import run as traced

OVERLAP = timedelta(hours=3)
MAPPING = "departments/market/penalty.yaml"


class Infected(Zygote):
    """The warm process, whose children have the bug. A bug named "" is none."""

    def __init__(self, zygote: Zygote, bug: str) -> None:
        self._process, self._started, self.bug = zygote._process, 0, bug

    def start(self, at: Installation, env: dict[str, str] | None = None, **job: object) -> Running:
        return super().start(at, env, patch="tests.soak.mutants:infect", mutant=self.bug, **job)


class Scenarios:
    """One bug, and where installations come from."""

    def __init__(self, zygote: Zygote, bug: str, standing: Standing, tmp_path: Path) -> None:
        self.zygote, self.standing, self.home = Infected(zygote, bug), standing, tmp_path / "home"

    def once(self, at: Installation, **env: str) -> Outcome:
        return self.zygote.run(at, **env)[0]

    def nights(self, last: str) -> list[str]:
        """Plain nights; what is held has its ticket."""
        with copied(self.standing(1), self.home) as at:
            found = []
            for night in range(1, int(last) + 1):
                at.world.advance_to(night)
                found += [*again(at, self.zygote), *look(at)]
            site = at.site()
            told = status_facts(site, [FEED])[FEED]
            held = len(quarantine.tickets(site, FEED, "held", 1000))
            site.ledger.engine.dispose()
            assert isinstance(told, dict)
            return found if held >= told["quarantined"] else [*found, f"{told['quarantined']} held, {held} tickets"]

    def killed(self, point: str) -> list[str]:
        """Killed there; every key that was answered has its receipt."""
        with copied(self.standing(1), self.home) as at:
            self.once(at, GUIJI_CRASH_AT=point)
            return [*again(at, self.zygote), *look(at), *receipts(at)]

    def fault(self, *names: str) -> list[str]:
        """The nation goes wrong; what it turned away is sent again."""
        with copied(self.standing(2), self.home, batch=4) as at:
            for name in names:
                at.world.nation.faults.set(name, 1)
            found = again(at, self.zygote)
            site = at.site()
            for one in quarantine.rejections(site):
                if one.code == "9001":
                    quarantine.resend(site, one.delivery, one.position, "系统恢复", "tester")
            site.ledger.engine.dispose()
            return [*found, *again(at, self.zygote), *look(at)]

    def noticed(self, name: str) -> list[str]:
        """A wrong receipt is not taken for a right one."""
        with copied(self.standing(2), self.home) as at:
            at.world.nation.faults.set(name, 1)
            return ["went unnoticed"] if self.once(at).code == 0 else [*again(at, self.zygote), *look(at)]

    def two_answers(self) -> list[str]:
        """An answer that says nothing, then one that does: both are kept."""
        with copied(self.standing(2), self.home) as at:
            at.world.nation.faults.set("error_500_after", 1)
            found = again(at, self.zygote)
            kept = [path for path in (at.home / "receipts").rglob("*") if path.is_file()]
            given = sum(len(answers(at.receiver(code))) for code in RECEIVERS)
            before = len(list((self.standing(2) / "var/receipts").rglob("*.*")))
            found += [] if len(kept) >= given + 1 and before else [f"{len(kept)} receipts of {given} + 1 answers"]
            return found

    def one_profile(self) -> list[str]:
        """Both receivers get the same bytes."""
        with copied(self.standing(1), self.home) as at:
            shutil.copy(at.root / "receivers/province/penalty.yaml", at.root / "receivers/nation/penalty.yaml")
            words = self.once(at).words
            keys = [{one.key for one in at.receiver(code).applied()} for code in RECEIVERS]
            return [words] if words != "done" else ["one key for two receivers"] if keys[0] & keys[1] else []

    def turned_away_twice(self) -> list[str]:
        """One record alone in a delivery, turned away and sent again, twice."""
        with copied(self.standing(2), self.home, batch=1) as at:
            at.world.nation.faults.set("partial_accept", 1)
            found = again(at, self.zygote)
            for more in (1, 0):
                at.world.nation.faults.set("partial_accept", more)
                site = at.site()
                for one in [one for one in quarantine.rejections(site) if one.code == "9001"]:
                    quarantine.resend(site, one.delivery, one.position, "系统恢复", "tester")
                site.ledger.engine.dispose()
                found += again(at, self.zygote)
            return [*found, *look(at)]

    def simple_minded(self, how: str) -> list[str]:
        """Nobody honours keys; both can be asked, and settle at once unless they apply late. The nation goes wrong."""
        with copied(self.standing(2), self.home, timeout=1) as at:
            nation = at.world.nation
            for code in RECEIVERS:
                yaml, receiver = at.root / "receivers" / code / "receiver.yaml", at.receiver(code)
                edit(yaml, "idempotency: honoured", "idempotency: none")
                edit(yaml, "settle_seconds: 60", f"settle_seconds: {600 if how == 'applies_late' else 0}")
                receiver.stop()
                receiver.honours_keys = False
                receiver.start()
            if how == "killed":
                self.once(at, GUIJI_CRASH_AT="send.answered:1")
            else:
                nation.faults.set(how, 1, seconds=60)
            for _ in range(2 if how == "applies_late" else 0):
                self.once(at)
            nation.faults.let_go.set()
            while nation.faults.late:
                time.sleep(0.01)
            return [*again(at, self.zygote), *look(at)]

    def by_table(self, how: str) -> list[str]:
        """The nation takes from a table; killed before its COMMIT, or the platform empties its tables unasked."""
        with installed(self.home, ROWS, BATCH, only=FEED, transport="table") as at:
            edit(at.root / "receivers/nation/receiver.yaml", "wait: 20", "wait: 2")
            if how == "killed":
                self.once(at, GUIJI_CRASH_AT="table.before_commit:2")
                return [*again(at, self.zygote), *look(at)]
            at.world.nation.faults.set(how, 1)
            for _ in range(2):
                self.once(at)
            site = at.site()
            for one in held.deliveries(site):
                held.propose(site, one.key, "arrived", "平台电话确认", "甲")
                held.confirm(site, one.key, ("arrived",), "乙")
            site.ledger.engine.dispose()
            return [*again(at, self.zygote), *look(at)]

    def by_file(self, how: str) -> list[str]:
        """The nation takes files over SFTP; something goes wrong at its server, and nobody has to mend anything."""
        with installed(self.home, ROWS, BATCH, only=FEED, transport="sftp") as at:
            edit(at.root / "receivers/nation/receiver.yaml", "wait: 20", "wait: 2")
            at.world.nation.faults.set(how, 1)
            self.once(at)
            return [*again(at, self.zygote), *look(at)]

    def zombie(self, before: str) -> list[str]:
        """Stopped at the last point before that one, outlived, woken."""
        from tests.soak.test_concurrency import outlived, passed

        with copied(self.standing(2), self.home.with_name("recording")) as at:
            points = passed(at, self.zygote)
        names = [point.rsplit(":", 1)[0] for point in points]
        with copied(self.standing(2), self.home) as at:
            return outlived(at, self.zygote, points[names.index(before) - 1])[0]

    def given_up(self) -> list[str]:
        """A batch landed, could not be read, and a person gave it up: its night is pulled again, without a sweep."""
        with copied(self.standing(2), self.home) as at:
            edit(at.root / MAPPING, "sweep: nightly", "sweep: never")
            edit(at.root / MAPPING, "from: cfnr", "from: cfnrx")
            self.once(at)
            edit(at.root / MAPPING, "from: cfnrx", "from: cfnr")
            site = at.site()
            told = status_facts(site, [FEED])[FEED]
            site.ledger.engine.dispose()
            assert isinstance(told, dict)
            words = ["--reason", "映射已改正", "--person", "tester"]
            given = self.zygote.guiji(at, "batch", "abandon", str(told["load_id"]), *words)
            return [*([given.words] if given.code else []), *again(at, self.zygote), *incremental(at)]

    def incremental(self) -> list[str]:
        """Two nights without a sweep: all but what only a sweep can find."""
        with copied(self.standing(2), self.home) as at:
            edit(at.root / MAPPING, "sweep: nightly", "sweep: never")
            found = again(at, self.zygote)
            at.world.advance_to(3)
            return [*found, *again(at, self.zygote), *incremental(at)]

    def same_second(self) -> list[str]:
        """A row is changed in the second in which the last pull's newest row was."""
        with copied(self.standing(2), self.home) as at:
            edit(at.root / MAPPING, "sweep: nightly", "sweep: never")
            edit(at.root / MAPPING, "overlap: 3h", "overlap: 0s")
            found = again(at, self.zygote)
            before = len(at.world.nation.applied())
            with closing(sqlite3.connect(at.world.state / "market.sqlite")) as base, base:
                base.execute(
                    "UPDATE xzcf SET cfnr = '同一秒内更正', gxsj = (SELECT max(gxsj) FROM xzcf) WHERE id = '10000030'"
                )
            found += again(at, self.zygote)
            return found if len(at.world.nation.applied()) == before + 1 else [*found, "the row of that second is lost"]

    def replayed(self) -> list[str]:
        """The first night's batch enters again after the second night."""
        with copied(self.standing(2), self.home) as at:
            site = at.site()
            told = status_facts(site, [FEED])[FEED]
            site.ledger.engine.dispose()
            assert isinstance(told, dict)
            found = again(at, self.zygote)
            self.zygote.guiji(at, "replay", str(told["batch_id"]), "--date", at.day.isoformat())
            return found + [words for words in look(at) if not words.endswith("not closed")]

    def synced(self) -> list[str]:
        """By the system calls: every file before its rename, every folder after it."""
        with copied(self.standing(1), self.home) as at:
            log = self.home / "strace.log"
            traced(self.zygote, at, "-y", "-o", str(log), "-e", f"trace={','.join(TRACED)}")
            return unsynced(log, at.home)


def incremental(at: Installation) -> list[str]:
    """What is wrong, but for what only a sweep finds: rows later than the overlap of three hours, and deleted ones."""
    excused = []
    for night in range(2, at.world.night + 1):
        before = at.world.truth(night - 1).feeds[FEED]
        newest = datetime.fromisoformat(max(str(row["gxsj"]) for row in before.rows))
        for row in at.world.truth(night).feeds[FEED].rows:
            if str(row["id"]) not in before.truth and datetime.fromisoformat(str(row["gxsj"])) < newest - OVERLAP:
                excused.append(f" {serial_of(row['jdswh'])} ")
    found = [words for code in RECEIVERS for words in faults(at.world, at.receiver(code), FEED, at.world.night)]
    return [one for one in found if "yet there" not in one and not any(serial in one for serial in excused)]


def receipts(at: Installation) -> list[str]:
    """Keys that were answered and have no receipt among our files."""
    kept = {path.name[:64] for path in (at.home / "receipts").rglob("*") if path.is_file()}
    applied = {one.key for code in RECEIVERS for one in at.receiver(code).applied()}
    return [f"no receipt for {len(applied - kept)} deliveries"] if applied - kept else []


__all__ = ["BATCH", "Scenarios"]
