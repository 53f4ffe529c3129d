"""The ledger's tables. History rows are only ever added; state rows change under an epoch (see leases.py).

Times are ISO 8601 texts in UTC. `load.id` rises with every load and orders them. No column holds record content:
keys are public document numbers, digests stay inside the ledger's zone.

No foreign keys: they cost a look-up for every row of every table, and the balance (balance.py), which is checked before
anything is closed, finds a row without its counterpart just as well.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, UniqueConstraint, text

metadata = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")


def Words(length: int | None = None) -> String:
    """Text compared byte by byte, whatever language the database was made for: as exact as SQLite's, and faster."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


PROPOSED = text("state = 'open'")
REVOKED = text("operation = 'revoke'")
REFUSED = text("outcome IN ('rejected', 'dropped')")

lease = Table(
    "lease",
    metadata,
    Column("name", Words(120), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("owner", Words(200), nullable=False),
    Column("taken_at", Words(40), nullable=False),
)

load = Table(
    "load",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("feed", Words(120), nullable=False, index=True),
    Column("business_date", Words(10), nullable=False, index=True),
    Column("kind", Words(12), nullable=False, server_default="pull"),  # pull correction
    Column("state", Words(20), nullable=False),  # pulling landed held registered closed abandoned
    Column("opened_at", Words(40), nullable=False),
    Column("changed_at", Words(40), nullable=False),
    Column("batch_id", Words(64)),
    Column("origin", Number),  # the load that first landed this batch; differs from id in a replay
    Column("complete", Boolean, nullable=False),
    Column("position", Words()),
    Column("standard", Words(60)),
    Column("reason", Words()),  # why it is held or abandoned
    Column("accepted_by", Words(120)),  # who let it through the gate, or brought the corrections
    Column("pulled", Integer),
    Column("unchanged", Integer),
    Column("duplicate", Integer),
    Column("quarantined", Integer),
    Column("excluded", Integer),
    Column("new_versions", Integer),
    Column("vanished", Integer),
    Column("first_seen_held", Integer),
)

watermark = Table(
    "watermark",
    metadata,
    Column("feed", Words(120), primary_key=True),
    Column("position", Words(), nullable=False),
    Column("load_id", Number, nullable=False),
    Column("committed_at", Words(40), nullable=False),
)

record_version = Table(
    "record_version",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),  # rises in the order in which versions must go out
    Column("feed", Words(120), nullable=False),
    Column("business_key", Words(), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("operation", Words(6), nullable=False),  # upsert revoke
    Column("digest", Words(64), nullable=False),
    Column("load_id", Number, nullable=False),
    Column("ordinal", Integer, nullable=False),  # row of the load's canonical file; -1: nothing but the key
    Column("source_ref", Words()),  # the row's own name at the source
    UniqueConstraint("feed", "business_key", "revision"),
    Index("version_revoked", "feed", sqlite_where=REVOKED, postgresql_where=REVOKED),
)

# Versions of one load lie together: in PostgreSQL a few bytes for every 32 pages do.
version_load = Index(
    "version_load",
    record_version.c.load_id,
    postgresql_using="brin",
    postgresql_with={"pages_per_range": 32, "autosummarize": True},
)

# The newest version of every key, worked out from the versions: it cannot say anything else than they do.
RECORD_CURRENT = """
CREATE VIEW record_current AS
SELECT v.feed, v.business_key, v.revision, v.operation, v.digest, v.source_ref, v.load_id
FROM record_version v WHERE NOT EXISTS (
    SELECT 1 FROM record_version n
    WHERE n.feed = v.feed AND n.business_key = v.business_key AND n.revision > v.revision)
"""

finding = Table(
    "finding",
    metadata,
    Column("load_id", Number, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("code", Words(60), primary_key=True),
    Column("field", Words(120), primary_key=True),
    sqlite_with_rowid=False,
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("feed", Words(120), nullable=False),
    Column("raw_digest", Words(64), nullable=False),
    Column("business_key", Words()),
    Column("source_ref", Words()),
    Column("load_id", Number, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("state", Words(20), nullable=False),  # held released dropped corrected
    Column("opened_at", Words(40), nullable=False),
    Column("closed_at", Words(40)),
    Column("reason", Words()),
    Column("person", Words(120)),
    Column("assignee", Words(120)),  # the person at the department, or here, who sees to it
    UniqueConstraint("feed", "raw_digest"),
)

correction = Table(  # rows that a department gave back corrected; what it stands for until the source's row changes
    "correction",
    metadata,
    Column("load_id", Number, primary_key=True, autoincrement=False),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("feed", Words(120), nullable=False),
    Column("subject", Words(120), nullable=False),  # as in the return file (return_items.py)
    Column("ticket", Number),  # of a held row
    Column("version", Number),  # of a record that a receiver sent back, or could not be sent
    Column("old_raw", Words(64), nullable=False),  # of the source's row: raw, and canonical
    Column("old_digest", Words(64), nullable=False),
    Column("old_key", Words()),
    Column("business_key", Words()),
    Column("source_ref", Words()),
    Column("digest", Words(64), nullable=False),
    Column("outcome", Words(12), nullable=False),  # corrected same held late
    Column("ended_at", Words(40)),  # the source's row changed: from then on it counts again
    Index("correction_standing", "feed", "outcome", "ended_at"),
    sqlite_with_rowid=False,
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("key", Words(64), nullable=False, unique=True),
    Column("receiver", Words(60), nullable=False),
    Column("feed", Words(120), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("load_id", Number, nullable=False, index=True),
    Column("profile", Words(120), nullable=False),
    Column("count", Integer, nullable=False),
    Column("body_digest", Words(64), nullable=False),
    Column("state", Words(20), nullable=False),  # sealed unknown acked refused held; by two persons: arrived dropped
    Column("attempt", Integer, nullable=False, default=0),
    Column("sealed_at", Words(40), nullable=False),
    Column("changed_at", Words(40), nullable=False),
    UniqueConstraint("receiver", "feed", "sequence"),
    Index("delivery_open", "receiver", "feed", "state"),
)

member = Table(
    "delivery_member",
    metadata,
    Column("delivery", Number, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("receiver", Words(60), nullable=False),
    Column("version", Number, nullable=False),
    Column("outcome", Words(20)),  # accepted rejected returned dropped; null: awaiting
    Column("code", Words(60)),
    Column("text", Words()),
    Index("member_version", "version", "receiver"),
    Index("member_refused", "outcome", sqlite_where=REFUSED, postgresql_where=REFUSED),
    sqlite_with_rowid=False,
)

outbox = Table(  # versions a receiver still has to get; filled by the registration, emptied by the seal
    "outbox",
    metadata,
    Column("receiver", Words(60), primary_key=True),
    Column("version", Number, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

withheld = Table(
    "withheld",
    metadata,
    Column("receiver", Words(60), primary_key=True),
    Column("version", Number, primary_key=True, autoincrement=False),
    Column("code", Words(60), nullable=False),
    Column("disposition", Words(12), nullable=False),  # quarantined excluded
    Column("field", Words(120), nullable=False, default=""),
)

attempt = Table(
    "attempt",
    metadata,
    Column("delivery_key", Words(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("intent_at", Words(40), nullable=False),
    Column("epoch", Integer, nullable=False),
)

receipt = Table(
    "receipt",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("delivery_key", Words(64), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("number", Words(200), nullable=False),
    Column("status", Integer, nullable=False),
    Column("file_digest", Words(64), nullable=False),
    Column("verdict", Words(20), nullable=False),  # acked refused unknown waiting
    Column("filed_at", Words(40), nullable=False),
)

event = Table(
    "event",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("at", Words(40), nullable=False),
    Column("person", Words(120), nullable=False),
    Column("what", Words(60), nullable=False),
    Column("subject", Words(200), nullable=False),
    Column("detail", Words(), nullable=False, default=""),
    Column("hash", Words(64), nullable=False),  # of this line and the hash of the line before (history.py)
)

exclusion = Table(  # rows of a load that a named rule left out, before anybody was to get them
    "exclusion",
    metadata,
    Column("load_id", Number, primary_key=True, autoincrement=False),
    Column("rule", Words(60), primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)

day = Table(  # one business date of one feed; without a row it is open
    "day",
    metadata,
    Column("feed", Words(120), primary_key=True),
    Column("business_date", Words(10), primary_key=True),
    Column("state", Words(10), nullable=False),  # open closed accepted
    Column("changed_at", Words(40), nullable=False),
    Column("person", Words(120)),  # who accepted what is not done, and why
    Column("reason", Words()),
    Column("differences", Words(), nullable=False, default=""),  # what was accepted, one a line
)

proposal = Table(  # what needs two persons
    "proposal",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("subject", Words(64), nullable=False),  # key of a delivery
    Column("action", Words(20), nullable=False),  # release return close arrived
    Column("reason", Words(), nullable=False),
    Column("proposed_by", Words(120), nullable=False),
    Column("proposed_at", Words(40), nullable=False),
    Column("state", Words(10), nullable=False),  # open done withdrawn
    Column("settled_by", Words(120)),
    Column("settled_at", Words(40)),
    Index("proposal_open", "subject", unique=True, sqlite_where=PROPOSED, postgresql_where=PROPOSED),
)

rung = Table(  # a later answer of the receiver that we wait for: stored, published
    "rung",
    metadata,
    Column("delivery_key", Words(64), primary_key=True),
    Column("name", Words(40), primary_key=True),
    Column("due", Words(10), nullable=False),  # last day on time
    Column("asked_at", Words(40)),
    Column("reached_at", Words(40)),  # null: waiting
    Column("file_digest", Words(64)),
    Column("missing", Integer),  # accepted records that the receiver says are not there, at the last answer
    Index("rung_waiting", "reached_at", "due"),
)

rung_missing = Table(  # the records that did not get as far as the others
    "rung_missing",
    metadata,
    Column("delivery_key", Words(64), primary_key=True),
    Column("name", Words(40), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("code", Words(60), nullable=False, default=""),
)
