"""Day close (日结): each business date of each feed is open, closed, or closed with accepted differences.

A day closes by itself when every load of it that counts balances and is whole. A person may accept what is not done,
and is written down with the reason; what comes to be open after that opens the day again. A balance that does not hold
can be accepted by nobody. `closed_through` is the last date up to which no day is open or, for a nightly feed, missing.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text

from exchange.ledger.balance import LoadBalance, day_balances
from exchange.ledger.database import Lease
from exchange.site import Site
from schemas.errors import BalanceBroken, GuijiError

ROW = text("SELECT state, changed_at, person, reason, differences FROM day WHERE feed = :feed AND business_date = :day")
ROWS = text("SELECT business_date, state FROM day WHERE feed = :feed")
KEEP = text(
    "INSERT INTO day (feed, business_date, state, changed_at, person, reason, differences) "
    "VALUES (:feed, :day, :state, :now, :person, :reason, :differences) ON CONFLICT (feed, business_date) DO UPDATE "
    "SET state = excluded.state, changed_at = excluded.changed_at, person = excluded.person, reason = excluded.reason, "
    "differences = excluded.differences"
)
# Dates that are not closed yet, or of which something has come open again.
MOVING = text("""
SELECT l.business_date FROM load l LEFT JOIN day d ON d.feed = l.feed AND d.business_date = l.business_date
WHERE l.feed = :feed AND l.state <> 'abandoned' AND (d.state IS NULL OR d.state <> 'closed' OR l.state <> 'closed')
UNION SELECT l.business_date FROM outbox o JOIN record_version v ON v.id = o.version JOIN load l ON l.id = v.load_id
WHERE v.feed = :feed
UNION SELECT l.business_date FROM delivery d JOIN load l ON l.id = d.load_id
WHERE d.feed = :feed AND d.state IN ('sealed', 'unknown', 'refused', 'held')
""")


@dataclass(frozen=True, slots=True)
class Day:
    """`differences`: what is not done → how many records or rows. `broken`: why the balance does not hold."""

    feed: str
    business_date: date
    state: str  # open closed accepted
    differences: dict[str, int]
    broken: str
    since: str | None
    person: str | None
    reason: str | None


def look(site: Site, feed: str, business_date: date) -> Day:
    """The day as it stands now, whatever was written down before."""
    names = {"feed": feed, "day": business_date.isoformat()}
    balances = day_balances(site.ledger, feed, business_date.isoformat(), site.catalog.feed(feed).receivers)
    with site.ledger.read() as connection:
        row = connection.execute(ROW, names).one_or_none()
    broken, differences = _broken(balances), _differences(balances)
    accepted = json.loads(row.differences) if row is not None and row.state == "accepted" else None
    if accepted is not None and all(count <= accepted.get(what, 0) for what, count in differences.items()):
        state = "accepted"
    else:
        state = "open" if differences else "closed"
    if broken:
        state = "open"
    same = row is not None and row.state == state
    since, person, reason = (row.changed_at, row.person, row.reason) if same and row is not None else (None,) * 3
    return Day(feed, business_date, state, differences, broken, since, person, reason)


def refresh(site: Site, feed: str, lease: Lease) -> None:
    """Write down every day of a feed that has closed, or come open again."""
    for moving in _moving(site, feed):
        settle(site, feed, moving, lease)


def settle(site: Site, feed: str, business_date: date, lease: Lease) -> Day:
    """Close the day if nothing of it is open; returns how it stands."""
    day = look(site, feed, business_date)
    with site.ledger.read() as connection:
        before = connection.execute(ROW, {"feed": feed, "day": business_date.isoformat()}).one_or_none()
    if day.state != (before.state if before else "open"):
        _keep(site, day, f"day {'closed' if day.state == 'closed' else 'open again'}", lease)
    return day


def accept(site: Site, feed: str, business_date: date, reason: str, person: str) -> Day:
    """Close a day with what is not done. Raises GuijiError when nothing is open, BalanceBroken."""
    day = look(site, feed, business_date)
    if day.broken:
        raise BalanceBroken(day.broken, where=f"{feed} {business_date}", remedy="nobody can accept that; report it")
    if day.state != "open":
        raise GuijiError(f"the day is {day.state} already", where=f"{feed} {business_date}", remedy="nothing to do")
    if not reason.strip() or not person.strip():
        raise GuijiError("accepting needs a reason and a person", where="--reason", remedy="say why, and who you are")
    done = Day(feed, business_date, "accepted", day.differences, "", site.ledger.now, person, reason)
    _keep(site, done, "day accepted", site.ledger.take(feed))
    return done


def closed_through(site: Site, feed: str) -> date | None:
    """The last date up to which every day of the feed is closed, with or without accepted differences."""
    moving = {day: look(site, feed, day).state for day in _moving(site, feed)}
    with site.ledger.read() as connection:
        known = {date.fromisoformat(row[0]): row[1] for row in connection.execute(ROWS, {"feed": feed})}
    states, nightly = known | moving, _nightly(site, feed)
    last = None
    for day in sorted(states):
        if states[day] == "open" or (nightly and last and day != last + timedelta(days=1)):
            break
        last = day
    return last


def open_days(site: Site, feed: str) -> list[Day]:
    """Days of a feed of which something is open, oldest first."""
    return [day for day in (look(site, feed, one) for one in _moving(site, feed)) if day.state == "open"]


def _moving(site: Site, feed: str) -> list[date]:
    with site.ledger.read() as connection:
        return sorted(date.fromisoformat(row[0]) for row in connection.execute(MOVING, {"feed": feed}))


def _nightly(site: Site, feed: str) -> bool:
    """A feed that runs every night has a load for every date; silence is no success."""
    return str(site.catalog.feed(feed).mapping["schedule"]).split()[2:] == ["*"] * 3


def _broken(balances: list[LoadBalance]) -> str:
    for balance in balances:
        try:
            balance.check()
        except BalanceBroken as error:
            return f"load {balance.load_id}: {error.message}"
    return ""


def _differences(balances: list[LoadBalance]) -> dict[str, int]:
    if not balances:
        return {"no load": 1}
    found = {}
    for b in balances:
        if b.state not in ("registered", "closed"):
            found[f"load {b.load_id} {b.state}"] = b.pulled or 1
        for r in b.receivers:
            if b.pulled is not None and not r.whole:
                found[f"load {b.load_id} {r.receiver}"] = r.awaiting + r.unsealed
    return found


def _keep(site: Site, day: Day, what: str, lease: Lease) -> None:
    differences = json.dumps(day.differences, sort_keys=True) if day.state == "accepted" else ""
    names: dict[str, str | None] = {"feed": day.feed, "day": day.business_date.isoformat(), "state": day.state}
    names |= {"now": site.ledger.now, "person": day.person, "reason": day.reason, "differences": differences}
    with site.ledger.write("day", lease) as connection:
        connection.execute(KEEP, names)
        subject, detail = f"{day.feed} {day.business_date}", f"{day.reason or ''} {differences}".strip()
        site.ledger.note(connection, what, subject, detail, day.person or "system")
