"""What a receiver holds of given records, in SQL: the shares that a replay's preview prints."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection, text

SHARES = {
    "send": ("将发送", "will be sent"),
    "underway": ("已封装，等回执", "sealed, awaiting a receipt"),
    "identical": ("接收方已有相同版本", "held identical by the receiver"),
    "other": ("接收方已有其他版本", "held in another version"),
    "retracted": ("已撤销，不再发送", "retracted: never sent again"),
    "rejected": ("被接收方退回，待补正", "sent back by the receiver, waits for a correction"),
    "unfit": ("不合接收方字段表", "does not fit the receiver's table"),
    "kept": ("依规则不提供", "kept back by a named rule"),
    "superseded": ("已有更新版本", "a newer version exists"),
    "held": ("扣留", "held here"),
    "settled": ("扣留单已办结", "its ticket was settled: dropped or corrected"),
    "duplicate": ("批内重复", "twice in the batch"),
    "never": ("从未登记", "never registered"),
}

# Rows as a registration would take them; -1: no version of its own; revision 0: a newer file has the record.
OF_STAGING = """
SELECT s.business_key, s.digest, s.operation, s.disposition, CASE WHEN s.revision = 0 THEN 0 ELSE s.held END AS held,
    -1 AS version FROM staging s WHERE s.ordinal >= 0
"""
_NEWEST = """
FROM record_version v JOIN load l ON l.id = v.load_id
WHERE l.feed = CAST(:feed AS TEXT) AND l.batch_id = CAST(:batch AS TEXT) AND NOT EXISTS (
    SELECT 1 FROM record_version n JOIN load k ON k.id = n.load_id WHERE n.feed = v.feed
    AND n.business_key = v.business_key AND n.revision > v.revision AND k.batch_id = l.batch_id)
"""
# What all loads over a batch made, each record once.
OF_BATCH = (
    f"SELECT v.business_key, v.digest, v.operation, 'version' AS disposition, 0 AS held, v.id AS version {_NEWEST}"
)

_MINE = "m.version = n.current_id AND m.receiver = CAST(:receiver AS TEXT)"
# This very content, sealed and not answered for: it goes out as it is, and a newer version or a revocation after it.
_ON_ITS_WAY = """
EXISTS (SELECT 1 FROM record_version e JOIN delivery_member m ON m.version = e.id WHERE e.feed = CAST(:feed AS TEXT)
    AND e.business_key = n.business_key AND e.digest = n.digest AND e.operation = n.operation
    AND m.receiver = CAST(:receiver AS TEXT) AND m.outcome IS NULL)
"""
_HOLDS = """
EXISTS (SELECT 1 FROM record_version e JOIN delivery_member m ON m.version = e.id WHERE e.feed = CAST(:feed AS TEXT)
    AND e.business_key = n.business_key AND m.receiver = CAST(:receiver AS TEXT) AND m.outcome = 'accepted')
"""
SPLIT = f"""
WITH item AS ({{items}}),
now AS (
    SELECT i.*, v.id AS current_id, c.operation AS c_operation,
        CASE WHEN i.version = v.id OR (i.version = -1 AND c.digest = i.digest AND c.operation = i.operation)
            THEN 1 ELSE 0 END AS is_current
    FROM item i LEFT JOIN record_current c ON c.feed = CAST(:feed AS TEXT) AND c.business_key = i.business_key
    LEFT JOIN record_version v ON v.feed = c.feed AND v.business_key = c.business_key AND v.revision = c.revision)
SELECT CASE
    WHEN n.disposition = 'quarantined' THEN 'held'
    WHEN n.disposition = 'duplicate' THEN 'duplicate'
    WHEN n.disposition = 'excluded' AND n.held = 1 THEN 'settled'
    WHEN n.disposition = 'new' THEN 'send'
    WHEN {_ON_ITS_WAY} THEN 'underway'
    WHEN n.operation = 'upsert' AND n.c_operation = 'revoke' THEN 'retracted'
    WHEN n.current_id IS NULL THEN 'never'
    WHEN n.is_current = 1 AND EXISTS (SELECT 1 FROM delivery_member m WHERE {_MINE} AND m.outcome = 'accepted')
        THEN 'identical'
    WHEN n.is_current = 1 AND EXISTS (SELECT 1 FROM outbox o WHERE o.version = n.current_id
        AND o.receiver = CAST(:receiver AS TEXT)) THEN 'send'
    WHEN n.is_current = 1 AND EXISTS (SELECT 1 FROM delivery_member m WHERE {_MINE} AND m.outcome = 'rejected')
        THEN 'rejected'
    WHEN n.is_current = 1 AND EXISTS (SELECT 1 FROM withheld w WHERE w.version = n.current_id
        AND w.receiver = CAST(:receiver AS TEXT) AND w.disposition = 'quarantined') THEN 'unfit'
    WHEN n.is_current = 1 AND EXISTS (SELECT 1 FROM withheld w WHERE w.version = n.current_id
        AND w.receiver = CAST(:receiver AS TEXT)) THEN 'kept'
    WHEN {_HOLDS} THEN 'other'
    ELSE 'superseded' END, COUNT(*)
FROM now n GROUP BY 1
"""  # noqa: S608 - the words are ours

_CURRENT = """
AND EXISTS (SELECT 1 FROM record_current c WHERE c.feed = v.feed AND c.business_key = v.business_key
    AND c.revision = v.revision)
"""
# Both look at newest versions alone: what was revoked since has a newer one.
UNFIT_AGAIN = f"""
SELECT v.id AS version, v.load_id, v.ordinal {_NEWEST} {_CURRENT} AND v.operation = 'upsert'
AND v.ordinal >= 0 AND EXISTS (SELECT 1 FROM withheld w
    WHERE w.version = v.id AND w.receiver = CAST(:receiver AS TEXT) AND w.disposition = 'quarantined') ORDER BY v.id
"""  # noqa: S608
REJECTED_AGAIN = f"""
SELECT v.id {_NEWEST} {_CURRENT} AND EXISTS (SELECT 1 FROM delivery_member m
    WHERE m.version = v.id AND m.receiver = CAST(:receiver AS TEXT) AND m.outcome = 'rejected') ORDER BY v.id
"""  # noqa: S608
QUEUE_AGAIN = (
    "DELETE FROM withheld WHERE version = :version AND receiver = :receiver",
    "UPDATE delivery_member SET outcome = 'returned' "
    "WHERE version = :version AND receiver = :receiver AND outcome = 'rejected'",
    "INSERT INTO outbox (receiver, version) VALUES (:receiver, :version)",
)


def split(connection: Connection, items: str, names: Mapping[str, object], receiver: str) -> Counter[str]:
    """Share → how many of the items, for one receiver. `items`: OF_STAGING or OF_BATCH, and its names."""
    rows = connection.execute(text(SPLIT.format(items=items)), {**names, "receiver": receiver})
    return Counter({row[0]: row[1] for row in rows})
