"""Exclusions (按规则排除): every row that a load left out is counted under the name of its rule."""

from sqlalchemy import Connection, text

RULES = {
    "DROPPED_BY_PERSON": ("经人工剔除", "dropped by a person"),
    "CORRECTION_TOO_LATE": ("补正时已另有结论", "corrected after the matter was settled"),
    "REVOKED_UNKNOWN": ("从未报送即被撤销", "revoked before anybody was told of it"),
    "NEWER_FILE_HAS_IT": ("迟到文件中的旧行，已收的更新文件有此记录", "from a late file; a newer file has this record"),
    "SUPERSEDED_IN_REPLAY": ("重放时已有更新版本", "a newer version was known in a replay"),
}
"""Name of a rule → what it says, Chinese and English. What a receiver does not get has its code in `withheld`."""

COUNT = text("""
INSERT INTO exclusion (load_id, rule, count)
SELECT CAST(:load AS BIGINT), x.rule, COUNT(*) FROM (
    SELECT CASE
        WHEN revision = 0 THEN 'NEWER_FILE_HAS_IT'
        WHEN held = 1 AND EXISTS (
            SELECT 1 FROM quarantine q WHERE q.feed = CAST(:feed AS TEXT) AND q.state = 'dropped'
            AND q.raw_digest = COALESCE(staging.raw_digest, staging.digest)) THEN 'DROPPED_BY_PERSON'
        WHEN held = 1 THEN 'CORRECTION_TOO_LATE'
        WHEN operation = 'revoke' AND NOT EXISTS (
            SELECT 1 FROM record_current c
            WHERE c.feed = CAST(:feed AS TEXT) AND c.business_key = staging.business_key) THEN 'REVOKED_UNKNOWN'
        ELSE 'SUPERSEDED_IN_REPLAY' END AS rule
    FROM staging WHERE disposition = 'excluded') x
GROUP BY x.rule
""")


def count_exclusions(connection: Connection, feed: str, load_id: int) -> None:
    """Within the registration, after every row has its disposition and before versions are made."""
    connection.execute(COUNT, {"feed": feed, "load": load_id})


def exclusions_of(connection: Connection, load_id: int) -> dict[str, int]:
    """Rule → rows, of one load."""
    query = text("SELECT rule, count FROM exclusion WHERE load_id = :load ORDER BY rule")
    return {row[0]: row[1] for row in connection.execute(query, {"load": load_id})}
