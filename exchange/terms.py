"""The term of a ticket (处理期限): so many working days after it was opened, by the feed's or the department's YAML.

Ten when neither says anything: our default, from no statute. It is worked out when it is asked for, so that a term
written into the YAML later, or a holiday calendar that is brought up to date, holds for open tickets too.
"""

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from exchange.site import SHANGHAI, Site
from schemas.catalog import Feed
from schemas.errors import ConfigurationError
from transforms.law.working_days import CalendarUnknown, due_date

KEY = "correction_days"
DEFAULT = 10
LONGEST = 250


@dataclass(frozen=True, slots=True)
class Term:
    """`due` is the last day on time; None when the holidays of `unknown_year` are not known."""

    since: date
    due: date | None
    unknown_year: int | None
    overdue: bool

    @property
    def words(self) -> str:
        if self.due is None:
            return f"未知：缺 {self.unknown_year} 年放假安排 unknown: holidays of {self.unknown_year}"
        return f"{self.due}{' 逾期 overdue' if self.overdue else ''}"


def correction_days(feed: Feed) -> int:
    """Working days. Raises ConfigurationError for anything but a whole number from 1 to 250."""
    for given, where in ((feed.mapping.get(KEY), feed.where), (feed.department.correction_days, feed.department.where)):
        if given is not None:
            return checked_days(given, where)
    return DEFAULT


def checked_days(given: object, where: str) -> int:
    """Raises ConfigurationError naming the file."""
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= LONGEST:
        raise ConfigurationError(
            f"is no number of working days from 1 to {LONGEST}", where=f"{where}: {KEY}", remedy=f"write `{KEY}: 10`"
        )
    return given


class Terms:
    """Works the terms of a site out, once for each feed and day."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._found: dict[tuple[str, date], Term] = {}

    @cached_property
    def _today(self) -> date:
        return self.site.today

    def of(self, feed: str, opened_at: str) -> Term:
        """`opened_at`: as the ledger has it, UTC; a feed whose YAML is gone has the default term."""
        since = datetime.fromisoformat(opened_at).astimezone(SHANGHAI).date()
        if (feed, since) not in self._found:
            self._found[feed, since] = self._term(feed, since)
        return self._found[feed, since]

    def _term(self, feed: str, since: date) -> Term:
        known = self.site.catalog.sound_feeds.get(feed)
        due = due_date(since, correction_days(known) if known else DEFAULT)
        if isinstance(due, CalendarUnknown):
            return Term(since, None, due.year, False)
        return Term(since, due, None, self._today > due)
