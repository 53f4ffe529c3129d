"""Holdings (在库对账): each morning what receivers say they hold is compared with what their receipts say.

The outcome is a line of the history, which the next checkpoint signs: that a comparison took place, and what it found,
cannot be altered afterwards.
"""

import json
from dataclasses import dataclass

from sqlalchemy import text

from connectors.registry import open_target
from exchange.digests import Compared, Comparison, comparable
from exchange.ledger.loads import Loads
from exchange.site import Site
from schemas.catalog import Receiver, expand

WHAT = "holdings compared"
LAST = text("SELECT at, detail FROM event WHERE what = :what AND subject = :subject ORDER BY id DESC LIMIT 1")


@dataclass(frozen=True, slots=True)
class Agreement:
    """The last comparison of one feed at one receiver. `unread`: records of which revisions alone were compared."""

    at: str
    records: int
    unread: int
    differences: int


def offers(receiver: Receiver) -> bool:
    """Whether it promises to answer for what it holds."""
    return receiver.promise.get("digest") == "by_batch"


def answering(site: Site) -> list[str]:
    """Receivers of some feed that offer it."""
    wanted = {code for feed in site.catalog.sound_feeds.values() for code in feed.receivers}
    return sorted(code for code in wanted if code in site.catalog.receivers and offers(site.catalog.receivers[code]))


def compare(site: Site, code: str, feed: str = "", person: str = "system") -> list[Compared]:
    """Compare one feed, or all that go to this receiver, and write down what came out.

    Raises ConfigurationError when it offers no digests, and what Comparison.run raises.
    """
    to = site.catalog.receiver(code)
    feeds = [site.catalog.feed(feed)] if feed else [f for f in site.catalog.feeds.values() if code in f.receivers]
    target, found = comparable(to.promise, open_target(expand(to.access, to.where), to.where), to.where), []
    for one in feeds:
        done = Comparison(site, one, code, target).run()
        said = {"records": done.records, "unread": done.unread, "differences": len(done.differences)}
        with site.ledger.write("holdings") as connection:
            site.ledger.note(connection, WHAT, f"{one.name} {code}", json.dumps(said), person)
        found.append(done)
    return found


def show(site: Site, code: str) -> None:
    """Write the reports of the newest nights of its feeds anew."""
    from exchange.report.nightly import write_report

    newest = (Loads(site.ledger).newest(name) for name, feed in site.catalog.feeds.items() if code in feed.receivers)
    for day in {load.business_date for load in newest if load is not None}:
        write_report(site, day)


def last(site: Site, feed: str, code: str) -> Agreement | None:
    """None: never compared."""
    with site.ledger.read() as connection:
        row = connection.execute(LAST, {"what": WHAT, "subject": f"{feed} {code}"}).one_or_none()
    return Agreement(at=row.at, **json.loads(row.detail)) if row is not None else None
