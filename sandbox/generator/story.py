"""Owns one feed as the nights go by: records added, corrected, corrected back, revoked, deleted, arriving late."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random

from sandbox.generator.dirt import Outcome
from sandbox.generator.layouts import LAYOUTS, Layout
from sandbox.generator.tables import clean_feed, cutoff, soiled, source_key, stamp

Row = dict[str, str | None]


@dataclass(slots=True)
class Truth:
    """What is known of one source row: the dirt planted, what must become of it, what tonight did to it.

    `operation` is None when tonight left the row alone, else new, update, revert, revoke or soft_delete.
    """

    key: str
    dirt: str | None
    outcome: Outcome
    operation: str | None = None
    late: bool = False


@dataclass(slots=True)
class Story:
    """The rows of one feed by source key, and what happened to them tonight."""

    feed: str
    rng: Random
    serial: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    truth: dict[str, Truth] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    _quiet: list[str] = field(default_factory=list)
    _old: dict[str, str | None] = field(default_factory=dict)
    _now: datetime = datetime.min

    @property
    def layout(self) -> Layout:
        return LAYOUTS[self.feed]

    @property
    def content(self) -> str:
        kind = "penalty_content" if self.feed.endswith("penalty") else "licence_content"
        return self.layout.columns[kind]

    def open(self, count: int, day: date) -> None:
        """The first night: everything the department ever had, some of it entered twice."""
        evening = cutoff(day)
        self._add(count, day, evening - timedelta(days=60), evening)
        for number, key in enumerate(self._draw(4)):
            self._repeat(key, exact=number < 2)

    def advance(self, count: int, day: date) -> None:
        """One later night on a feed that opened with `count` records."""
        for truth in self.truth.values():
            truth.operation, truth.late = None, False
        since, self._now = cutoff(day - timedelta(days=1)), cutoff(day)
        pulled = max(str(row[self.layout.updated]) for row in self.rows.values())
        self._revert()
        for key in self._draw(max(2, count // 20)):
            self._old[key] = self.rows[key][self.content]
            self._touch(key, "update")
            self.rows[key][self.content] = f"{self._old[key]}({day:%m%d}更正)"
        for key in self._draw(max(1, count // 200)):
            self._touch(key, "revoke")
            self.rows[key][self.layout.status] = self._revoked()
        self._remove()
        fresh = self._add(max(6, count // 100), day, since, self._now)
        self._delay(fresh, datetime.fromisoformat(pulled))

    def _revert(self) -> None:
        """A third of what was corrected last night goes back to what it was."""
        back = sorted(self._old)[::3]
        for key in back:
            self._touch(key, "revert")
            self.rows[key][self.content] = self._old[key]
        self._old = {}

    def _revoked(self) -> str:
        return "0" if self.feed.startswith("water") else "撤销"

    def _remove(self) -> None:
        """Market's database forgets a row; water marks it; transport announces it as revoked.

        After many nights no row may be left to which nothing has happened yet: then none goes.
        """
        for key in self._draw(1):
            if self.feed.startswith("market"):
                del self.rows[key], self.truth[key]
                self.deleted.append(key)
                continue
            self._touch(key, "soft_delete")
            gone = {"isDeleted": "1"} if self.feed.startswith("water") else {self.layout.status: "撤销"}
            self.rows[key].update(gone)

    def _delay(self, fresh: list[str], pulled: datetime) -> None:
        """Three new rows carry a time up to two hours before the newest of last night, one three days."""
        delays = (timedelta(minutes=1), timedelta(hours=1), timedelta(hours=2), timedelta(days=3))
        for key, back in zip(fresh, delays, strict=False):
            self.rows[key][self.layout.updated] = stamp(pulled - back)
            self.truth[key].late = True

    def _touch(self, key: str, operation: str) -> None:
        self.truth[key].operation = operation
        self.rows[key][self.layout.updated] = stamp(self._now - timedelta(seconds=self.rng.randrange(1, 80_000)))
        if self.feed.startswith("transport"):
            self.rows[key][self.layout.status] = "变更"

    def _draw(self, count: int) -> list[str]:
        """Clean rows that nothing has happened to yet; each is drawn once in the whole story."""
        drawn, self._quiet = self._quiet[:count], self._quiet[count:]
        return drawn

    def _add(self, count: int, day: date, since: datetime, until: datetime) -> list[str]:
        clean = clean_feed(self.feed, count, self.rng, day, self.serial, since, until)
        written, planted = soiled(self.feed, clean, self.rng)
        self.serial += count
        names, keys = list(written), []
        for index, values in enumerate(zip(*written.values(), strict=True)):
            dirt = planted.get(index)
            row = dict(zip(names, values, strict=True))
            keys.append(self._keep(row, dirt.name if dirt else None, dirt.outcome if dirt else "clean"))
        fresh = [key for key in keys if self.truth[key].dirt is None]
        self._quiet += self.rng.sample(fresh[4:], len(fresh[4:]))
        return keys

    def _repeat(self, key: str, *, exact: bool) -> None:
        row = dict(self.rows[key])
        row[self.layout.key] = source_key(self.feed, self.serial)
        self.serial += 1
        if exact:
            self._keep(row, "duplicate_exact", "duplicate")
            return
        row[self.content] = f"{row[self.content]}(另行处理)"
        self._keep(row, "duplicate_conflict", "either")
        self.truth[key].dirt, self.truth[key].outcome = "duplicate_conflict", "either"

    def _keep(self, row: Row, dirt: str | None, outcome: Outcome) -> str:
        key = str(row[self.layout.key])
        if self.feed.startswith("transport") and row[self.layout.status] == "有效":
            row[self.layout.status] = "新增"
        if self.feed.startswith("water"):
            row["isDeleted"] = "0"
        self.rows[key], self.truth[key] = row, Truth(key, dirt, outcome, "new")
        return key
