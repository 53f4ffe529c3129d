"""What is late (逾期): changes that a receiver does not have in time, and receipts that do not come in time.

A revocation or correction must reach every receiver that holds an older version of the record within the term of
`withdraw_changed` in deadlines.csv (行政处罚法 art. 48; its mark `verified` is shown with it). The term is counted from
the business date on which we learnt of the change: when the department changed it, we are not told.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text

from exchange.ladder import rungs
from exchange.site import Site

CLOCK = "withdraw_changed"
ALARM = timedelta(days=1)

# Newest versions that a receiver has not accepted although it holds an older one.
OUTDATED = text("""
SELECT x.receiver, l.business_date, v.operation, COUNT(*) FROM (
    SELECT o.receiver, o.version FROM outbox o
    UNION SELECT m.receiver, m.version FROM delivery d JOIN delivery_member m ON m.delivery = d.id
        WHERE d.feed = :feed AND d.state IN ('sealed', 'unknown', 'refused', 'held') AND m.outcome IS NULL
    UNION SELECT m.receiver, m.version FROM delivery_member m WHERE m.outcome IN ('rejected', 'dropped')
    UNION SELECT w.receiver, w.version FROM withheld w WHERE w.code NOT IN ('NEVER_ACCEPTED', 'CHANGED_BY_HAND')
) x JOIN record_version v ON v.id = x.version JOIN load l ON l.id = v.load_id
JOIN record_current c ON c.feed = v.feed AND c.business_key = v.business_key AND c.revision = v.revision
WHERE v.feed = :feed AND v.revision > 1 AND 'upsert' = (
    SELECT e.operation FROM record_version e JOIN delivery_member n ON n.version = e.id
    WHERE e.feed = v.feed AND e.business_key = v.business_key AND n.receiver = x.receiver AND n.outcome = 'accepted'
    ORDER BY e.revision DESC LIMIT 1)
GROUP BY x.receiver, l.business_date, v.operation ORDER BY l.business_date, x.receiver, v.operation
""")

LATE = text("""
SELECT d.receiver, r.name, r.due, SUM(COALESCE(r.missing, d.count))
FROM rung r JOIN delivery d ON d.key = r.delivery_key
WHERE r.reached_at IS NULL AND r.due <= :today AND d.feed = :feed
GROUP BY d.receiver, r.name, r.due ORDER BY r.due, d.receiver, r.name
""")


@dataclass(frozen=True, slots=True)
class Late:
    """Records of one feed that one receiver should have, or should have answered for, by `due`."""

    receiver: str
    what: str  # upsert revoke, or the name of a rung
    due: str
    records: int
    overdue: bool
    said: str


def late(site: Site, feed: str) -> list[Late]:
    """What is due or overdue today, oldest first."""
    return sorted([*late_changes(site, feed), *late_rungs(site, feed)], key=lambda one: one.due)


def late_changes(site: Site, feed: str) -> list[Late]:
    """Changes older than a day that a holder of the record has not accepted."""
    with site.ledger.read() as connection:
        rows = connection.execute(OUTDATED, {"feed": feed}).all()
    if not rows:
        return []
    from transforms.law.deadlines import clock, due
    from transforms.law.working_days import CalendarUnknown

    rule, found = clock(CLOCK), []
    for receiver, day, operation, records in rows:
        learnt = date.fromisoformat(day)
        last = due(rule, learnt)
        if site.today < learnt + ALARM or isinstance(last, CalendarUnknown):
            continue
        overdue = site.today > last
        zh, en = ("撤销", "revocations") if operation == "revoke" else ("更正", "corrections")
        word = "已逾期 overdue" if overdue else "将到期 due"
        said = f"{receiver}: {records} 条{zh} {en} {word} {last} ({rule.basis}; verified: {rule.verified})"
        found.append(Late(receiver, operation, last.isoformat(), records, overdue, said))
    return found


def late_rungs(site: Site, feed: str) -> list[Late]:
    """Rungs that are due today, or overdue, of those that the receiver's ladder still has."""
    today = site.today.isoformat()
    with site.ledger.read() as connection:
        rows = connection.execute(LATE, {"feed": feed, "today": today}).all()
    known = {row[0] for row in rows} & site.catalog.receivers.keys()
    ladders = {code: {rung.name for rung in rungs(site.catalog.receivers[code])} for code in known}
    return [
        Late(receiver, name, due, int(records), due < today,
             f"{receiver}: {records} 条的回执 {name} {'已逾期 overdue' if due < today else '今日到期 due'} {due}")
        for receiver, name, due, records in rows
        if name in ladders.get(receiver, ())
    ]  # fmt: skip
