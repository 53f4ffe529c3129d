"""The SQL of a registration, for SQLite and PostgreSQL alike. `staging` is described in staging.py.

Rows that only say "this key vanished" are staged with negative ordinals and are not counted as pulled.
"""

# Keys that more than one sound row of the pull has: nearly always none, and then four statements have nothing to do.
REPEATED = (
    "DROP TABLE IF EXISTS repeated",
    "CREATE TEMPORARY TABLE repeated (business_key TEXT PRIMARY KEY)",
    "INSERT INTO repeated SELECT business_key FROM staging WHERE held = 0 AND business_key IS NOT NULL "
    "GROUP BY business_key HAVING COUNT(*) > 1",
)
_TWICE = "business_key IN (SELECT r.business_key FROM repeated r)"

# Two or more sound rows of one key that do not say the same.
CONFLICTS = f"""
SELECT s.ordinal FROM staging s JOIN (
    SELECT business_key FROM staging WHERE held = 0 AND {_TWICE}
    GROUP BY business_key HAVING MIN(digest) <> MAX(digest) OR MIN(operation) <> MAX(operation)
) c ON c.business_key = s.business_key WHERE s.held = 0 ORDER BY s.ordinal
"""

# Where the mapping says that a later row of the pull replaces an earlier one.
KEEP_LAST = f"""
UPDATE staging SET disposition = 'duplicate' WHERE held = 0 AND {_TWICE} AND ordinal < (
    SELECT MAX(b.ordinal) FROM staging b WHERE b.business_key = staging.business_key AND b.held = 0)
"""

_OPEN = "disposition = 'new' AND held = 0"  # what no rule has spoken of yet; in the end, what is new

# The same again within the pull: the first one counts.
DUPLICATES = f"""
UPDATE staging SET disposition = 'duplicate' WHERE {_OPEN} AND {_TWICE} AND ordinal > (
    SELECT MIN(b.ordinal) FROM staging b WHERE b.business_key = staging.business_key
    AND b.held = 0 AND b.disposition = 'new')
"""

# A row that a person released is judged like a sound one when something came after the version it was released as: it
# vanished and is back, or its record said something else meanwhile. Not beside another row of its key: two released
# ones would take turns for ever. `held` is 2 between the first statement and the last.
RELEASED_ONCE = "SELECT 1 FROM quarantine WHERE feed = :feed AND state = 'released' LIMIT 1"
RELEASED = (
    """UPDATE staging SET held = 2 WHERE held = 1 AND disposition = 'new' AND business_key IS NOT NULL AND EXISTS (
           SELECT 1 FROM quarantine q WHERE q.feed = CAST(:feed AS TEXT) AND q.state = 'released'
           AND q.raw_digest = COALESCE(staging.raw_digest, staging.digest) AND NOT EXISTS (
               SELECT 1 FROM record_version v WHERE v.feed = q.feed AND v.business_key = staging.business_key
               AND v.load_id = q.load_id AND v.ordinal = q.ordinal AND NOT EXISTS (
                   SELECT 1 FROM record_version n WHERE n.feed = v.feed AND n.business_key = v.business_key
                   AND n.revision > v.revision)))""",
    """UPDATE staging SET held = 0 WHERE held = 2 AND business_key NOT IN (
           SELECT a.business_key FROM staging a JOIN staging b ON b.business_key = a.business_key
           AND b.ordinal <> a.ordinal WHERE a.held = 2)""",
    "UPDATE staging SET held = 1 WHERE held = 2",
)

DISPOSE = (
    # a person has judged this very row before
    """UPDATE staging SET disposition = CASE WHEN EXISTS (
           SELECT 1 FROM quarantine q WHERE q.feed = CAST(:feed AS TEXT) AND q.state = 'released'
           AND q.raw_digest = COALESCE(staging.raw_digest, staging.digest)) THEN 'unchanged'
       WHEN EXISTS (
           SELECT 1 FROM quarantine q WHERE q.feed = CAST(:feed AS TEXT) AND q.state = 'dropped'
           AND q.raw_digest = COALESCE(staging.raw_digest, staging.digest)) THEN 'excluded'
       WHEN :replay = 1 AND EXISTS (
           SELECT 1 FROM quarantine q WHERE q.feed = CAST(:feed AS TEXT) AND q.state = 'corrected'
           AND q.raw_digest = COALESCE(staging.raw_digest, staging.digest)) THEN 'excluded'
       ELSE 'quarantined' END WHERE held = 1 AND disposition = 'new'""",
    # What the ledger has of the key: one look-up a row, whatever the planner believes of a feed it has not counted yet.
    # In a replay, a later load may have given it a newer version or taken it back: the old one must not come back.
    # What vanished kept its digest, so the operation is asked for too; and what is revoked stays so.
    f"""UPDATE staging SET revision = c.revision + 1, disposition = CASE
           WHEN :replay = 1 AND ((c.load_id > :origin AND (c.digest <> staging.digest
                   OR c.operation <> staging.operation))
               OR (c.load_id >= :origin AND c.operation = 'revoke' AND staging.operation = 'upsert')) THEN 'excluded'
           WHEN c.operation = staging.operation
               AND (c.digest = staging.digest OR c.operation = 'revoke') THEN 'unchanged'
           ELSE 'new' END
       FROM record_version c WHERE {_OPEN} AND c.id = (
           SELECT n.id FROM record_version n
           WHERE n.feed = CAST(:feed AS TEXT) AND n.business_key = staging.business_key
           ORDER BY n.revision DESC LIMIT 1)""",
    # revoked before anybody was told of it
    f"UPDATE staging SET disposition = 'excluded' WHERE {_OPEN} AND staging.operation = 'revoke' AND revision = 1",
)

# A record is gone when neither its key nor, behind a held row, its row at the source was seen. Every key has one
# revision 1: keys are compared first, and only what is missing is looked up.
VANISHED = """
INSERT INTO staging (ordinal, business_key, source_ref, digest, operation, held, disposition, revision)
SELECT -1 - ROW_NUMBER() OVER (ORDER BY c.business_key),
       c.business_key, c.source_ref, c.digest, 'revoke', 0, 'new', c.revision + 1
FROM record_current c WHERE c.feed = CAST(:feed AS TEXT) AND c.operation = 'upsert' AND c.business_key IN (
    SELECT v.business_key FROM record_version v WHERE v.feed = CAST(:feed AS TEXT) AND v.revision = 1
    AND NOT EXISTS (SELECT 1 FROM staging s WHERE s.business_key = v.business_key))
AND NOT EXISTS (SELECT 1 FROM staging s WHERE s.source_ref = c.source_ref AND s.held = 1)
"""

# Known: what has a first version, less what is revoked; only a complete pull is compared with it.
COUNT = """
SELECT COUNT(CASE WHEN ordinal >= 0 THEN 1 END),
       COUNT(CASE WHEN disposition = 'unchanged' THEN 1 END),
       COUNT(CASE WHEN disposition = 'duplicate' THEN 1 END),
       COUNT(CASE WHEN disposition = 'quarantined' THEN 1 END),
       COUNT(CASE WHEN disposition = 'excluded' THEN 1 END),
       COUNT(CASE WHEN disposition = 'new' AND ordinal >= 0 THEN 1 END),
       COUNT(CASE WHEN ordinal < 0 THEN 1 END),
       CASE WHEN :complete = 0 THEN 0 ELSE (
            SELECT COUNT(*) FROM record_version v WHERE v.feed = CAST(:feed AS TEXT) AND v.revision = 1) - (
            SELECT COUNT(*) FROM record_current c WHERE c.feed = CAST(:feed AS TEXT) AND c.operation = 'revoke') END,
       (SELECT COUNT(CASE WHEN EXISTS (
            SELECT 1 FROM quarantine q WHERE q.feed = CAST(:feed AS TEXT) AND q.state = 'held'
            AND q.raw_digest = COALESCE(s.raw_digest, s.digest)) THEN NULL ELSE 1 END)
        FROM staging s WHERE s.disposition = 'quarantined')
FROM staging
"""

# Tickets are joined to the pull and not the other way round, and digests are compared as sets: a ticket never makes the
# database look through the whole pull for it. The plus keeps SQLite from taking the range of ordinals for a way in.
_SHOWN = """
SELECT q.id FROM quarantine q JOIN staging s ON s.{0} = q.{0}
WHERE q.feed = CAST(:feed AS TEXT) AND q.state = 'held' AND {1}
"""
_BAD_STILL = "raw_digest IN (SELECT COALESCE(s.raw_digest, s.digest) FROM staging s WHERE s.held = 1)"
_SOUND = "s.held = 0 AND +s.ordinal >= (1 - :replay) * :late"

# The source sent a sound row for what was held: the ticket is done. A file that came late says nothing of newer rows.
CORRECTED = f"""
UPDATE quarantine SET state = 'corrected', closed_at = :now, reason = 'the source sent a sound row'
WHERE feed = CAST(:feed AS TEXT) AND state = 'held'
AND (id IN ({_SHOWN.format("business_key", _SOUND)}) OR id IN ({_SHOWN.format("source_ref", _SOUND)}))
AND (:replay = 0 OR load_id <= :origin) AND NOT {_BAD_STILL}
"""

# A complete pull without the row: neither its bytes, nor its number at the source, nor its key.
GONE = f"""
UPDATE quarantine SET state = 'corrected', closed_at = :now, reason = 'the source no longer has this row'
WHERE feed = CAST(:feed AS TEXT) AND state = 'held' AND :complete = 1 AND :replay = 0 AND NOT {_BAD_STILL}
AND id NOT IN ({_SHOWN.format("source_ref", "+s.ordinal >= 0")})
AND id NOT IN ({_SHOWN.format("business_key", "+s.ordinal >= 0")})
"""

QUARANTINE = (
    # seen again after it was counted as corrected: open once more
    """UPDATE quarantine SET state = 'held', closed_at = NULL, reason = NULL, load_id = :load, ordinal = r.ordinal
       FROM (SELECT COALESCE(s.raw_digest, s.digest) AS digest, MIN(s.ordinal) AS ordinal
             FROM staging s WHERE s.disposition = 'quarantined' GROUP BY COALESCE(s.raw_digest, s.digest)) r
       WHERE quarantine.state = 'corrected' AND quarantine.id = (
           SELECT q.id FROM quarantine q WHERE q.feed = CAST(:feed AS TEXT) AND q.raw_digest = r.digest)""",
    """INSERT INTO quarantine
           (feed, raw_digest, business_key, source_ref, load_id, ordinal, state, opened_at)
       SELECT CAST(:feed AS TEXT), COALESCE(s.raw_digest, s.digest), MIN(s.business_key), MIN(s.source_ref),
           CAST(:load AS BIGINT), MIN(s.ordinal),
           'held', CAST(:now AS TEXT)
       FROM staging s WHERE s.disposition = 'quarantined' AND (
           SELECT q.id FROM quarantine q
           WHERE q.feed = CAST(:feed AS TEXT) AND q.raw_digest = COALESCE(s.raw_digest, s.digest)) IS NULL
       GROUP BY COALESCE(s.raw_digest, s.digest)""",
)

# The new versions, numbered in the order of the pull.
VERSIONS = """
INSERT INTO record_version (feed, business_key, revision, operation, digest, load_id, ordinal, source_ref)
SELECT CAST(:feed AS TEXT), business_key, revision, operation, digest, CAST(:load AS BIGINT),
    CASE WHEN ordinal < 0 THEN -1 ELSE ordinal END, source_ref
FROM staging WHERE disposition = 'new' ORDER BY ordinal
"""

# Every new version goes out to every receiver.
OUTBOX = """
INSERT INTO outbox (receiver, version)
SELECT CAST(:receiver AS TEXT), id FROM record_version WHERE load_id = :load
"""
