"""What a receiver held on a day (某日在库): by its own receipts, as they were filed up to the end of that day.

Days end at midnight in Shanghai. A record counts from the filing of the receipt that accepted it; one that two persons
declared to have arrived, from their word on.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import text

from exchange.site import SHANGHAI, Site
from schemas.errors import GuijiError

_HELD = """
SELECT v.feed, v.business_key, v.revision, v.operation, d.key AS delivery, d.load_id, d.profile, m.position,
    COALESCE(r.filed_at, d.changed_at) AS since, COALESCE(r.number, '') AS receipt,
    ROW_NUMBER() OVER (PARTITION BY v.feed, v.business_key ORDER BY v.revision DESC) AS place
FROM delivery d JOIN delivery_member m ON m.delivery = d.id AND m.outcome = 'accepted'
JOIN record_version v ON v.id = m.version
LEFT JOIN receipt r ON r.delivery_key = d.key AND r.verdict = 'acked'
WHERE d.receiver = :receiver AND (:feed = '' OR d.feed = :feed) AND (:key = '' OR v.business_key = :key)
AND (r.filed_at <= :end OR (d.state = 'arrived' AND d.changed_at <= :end))
"""
COUNTS = text(
    f"SELECT h.feed, COUNT(CASE WHEN h.operation = 'upsert' THEN 1 END), "  # noqa: S608 - our own constant
    f"COUNT(CASE WHEN h.operation = 'revoke' THEN 1 END) FROM ({_HELD}) h WHERE h.place = 1 GROUP BY h.feed ORDER BY 1"
)
ONE = text(f"SELECT * FROM ({_HELD}) h WHERE h.place = 1 ORDER BY h.feed")  # noqa: S608 - our own constant

STEPS = text("""
SELECT 'sent', MAX(a.intent_at), '' FROM attempt a WHERE a.delivery_key = :key
UNION ALL SELECT 'receipt', MIN(r.filed_at), '' FROM receipt r WHERE r.delivery_key = :key AND r.verdict = 'acked'
UNION ALL SELECT r.name, CASE WHEN r.reached_at IS NOT NULL THEN r.reached_at WHEN r.missing IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM rung_missing m WHERE m.delivery_key = r.delivery_key AND m.name = r.name
                    AND m.position = :position) THEN r.asked_at END, r.due
FROM rung r WHERE r.delivery_key = :key
""")


@dataclass(frozen=True, slots=True)
class HeldVersion:
    """One version at one receiver. `operation` revoke: the receiver had it, and was told to take it away."""

    feed: str
    business_key: str
    revision: int
    operation: str
    delivery: str
    load_id: int
    profile: str
    position: int
    since: str
    receipt: str


def counts(site: Site, receiver: str, on: date, feed: str = "") -> list[tuple[str, int, int]]:
    """By feed: (feed, records held, records revoked) at the end of the day."""
    with site.ledger.read() as connection:
        rows = connection.execute(COUNTS, _names(receiver, on, feed, ""))
        return [(row[0], row[1], row[2]) for row in rows]


def held(site: Site, receiver: str, on: date, key: str, feed: str = "") -> list[HeldVersion]:
    """The version of one record, by feed. Raises GuijiError when the receiver had none of it."""
    with site.ledger.read() as connection:
        rows = connection.execute(ONE, _names(receiver, on, feed, _bare(site, key))).all()
    if not rows:
        raise GuijiError(f"{receiver} had nothing of {key} on {on}", where="ledger", remedy="see guiji asof without it")
    return [HeldVersion(*row[:-1]) for row in rows]


def steps(site: Site, delivery: str, position: int) -> list[tuple[str, str | None, str]]:
    """One record's ladder: (rung, when it was reached or None, last day on time or "")."""
    with site.ledger.read() as connection:
        rows = connection.execute(STEPS, {"key": delivery, "position": position})
        return [(row[0], row[1], row[2]) for row in rows]


def sent_bytes(site: Site, version: HeldVersion) -> bytes:
    """The record's line, exactly as it was sent. Raises FileNotFoundError, FileDamaged, KeyDestroyed."""
    path = site.delivery_file(version.delivery)
    with site.vault.open(path, site.load_scope(version.load_id)) as body:
        for position, line in enumerate(body):
            if position == version.position:
                return line
    raise GuijiError("the sealed bytes end too early", where=path.name, remedy="restore the deliveries folder")


def _names(receiver: str, on: date, feed: str, key: str) -> dict[str, str]:
    end = datetime.combine(on + timedelta(days=1), time(), SHANGHAI).astimezone(UTC) - timedelta(milliseconds=1)
    return {"receiver": receiver, "feed": feed, "key": key, "end": end.isoformat(timespec="milliseconds")}


def _bare(site: Site, key: str) -> str:
    """Receivers know a record by its cd_id, which is the department's code, the type and our key."""
    codes = {f"{feed.department.credit_code}:{feed.record_type}:" for feed in site.catalog.feeds.values()}
    return next((key.removeprefix(code) for code in codes if key.startswith(code)), key)
