"""Owns the passing of nights over all feeds: what is held on a night, what changed since the one before, the truth."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from sandbox.generator.dirt import Outcome
from sandbox.generator.layouts import LAYOUTS
from sandbox.generator.story import Row, Story, Truth
from sandbox.generator.tables import FIRST_NIGHT

FEEDS = tuple(LAYOUTS)


@dataclass(frozen=True, slots=True)
class FeedNight:
    """One feed on one night: every current row, the rows touched tonight, the truth by source key, the keys deleted."""

    rows: list[Row]
    changed: list[Row]
    truth: dict[str, Truth]
    deleted: list[str]

    def count(self, outcome: Outcome) -> int:
        """How many current rows must end so."""
        return sum(one.outcome == outcome for one in self.truth.values())

    def dirt(self) -> Counter[str]:
        """How many current rows hold each class of dirt."""
        return Counter(one.dirt for one in self.truth.values() if one.dirt)


@dataclass(frozen=True, slots=True)
class Night:
    """All feeds on one night."""

    number: int
    date: date
    feeds: dict[str, FeedNight]


def business_date(night: int) -> date:
    """Night 1 is 2026-03-02."""
    return FIRST_NIGHT + timedelta(days=night - 1)


def make_night(night: int, seed: int = 7, rows: int = 2000) -> Night:
    """The state of every feed on `night`, the same for the same seed and rows, later nights built on earlier ones."""
    return Night(night, business_date(night), {feed: _feed_night(feed, night, seed, rows) for feed in FEEDS})


def _feed_night(feed: str, night: int, seed: int, rows: int) -> FeedNight:
    story = Story(feed, Random(f"{seed}/{feed}"))
    story.open(rows, FIRST_NIGHT)
    for later in range(2, night + 1):
        story.advance(rows, business_date(later))
    changed = [row for key, row in story.rows.items() if story.truth[key].operation]
    return FeedNight(list(story.rows.values()), changed, story.truth, story.deleted)
