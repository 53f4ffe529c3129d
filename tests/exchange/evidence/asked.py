"""What the tests of evidence ask the ledger and the log."""

from sqlalchemy import text

from exchange.evidence import Evidence
from exchange.site import Site

FEED = "market/penalty"


def keys(site: Site, receiver: str = "%") -> list[str]:
    query = text("SELECT key FROM delivery WHERE state = 'acked' AND receiver LIKE :receiver ORDER BY id")
    with site.ledger.read() as connection:
        return [row[0] for row in connection.execute(query, {"receiver": receiver})]


def trust(evidence: Evidence) -> list[str]:
    assert evidence.log.last
    return list(evidence.log.last.keys)


def members(site: Site, key: str) -> list[str]:
    query = text("SELECT v.business_key FROM delivery d JOIN delivery_member m ON m.delivery = d.id "
                 "JOIN record_version v ON v.id = m.version WHERE d.key = :key ORDER BY m.position")  # fmt: skip
    with site.ledger.read() as connection:
        return [row[0] for row in connection.execute(query, {"key": key})]
