"""The newest version of a key is a view of the versions: half of what a registration wrote is not written any more.

Revision ID: 0003
"""

from alembic import op
from sqlalchemy import Column, inspect

from exchange.ledger.tables import RECORD_CURRENT, Words, version_load

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SAME = """FROM record_current c WHERE c.feed = record_version.feed
    AND c.business_key = record_version.business_key AND c.revision = record_version.revision"""
TAKE_OVER = (
    f"UPDATE record_version SET source_ref = (SELECT c.source_ref {_SAME}) "  # noqa: S608 - the words are ours
    f"WHERE EXISTS (SELECT 1 {_SAME} AND c.source_ref IS NOT NULL)"
)


def upgrade() -> None:
    """A ledger made before keeps all it has; 0002 makes a new one with the tables as they are now."""
    connection = op.get_bind()
    if "record_current" in inspect(connection).get_table_names():
        op.add_column("record_version", Column("source_ref", Words()))
        op.execute(TAKE_OVER)
        op.drop_table("record_current")
        op.drop_index("ix_record_version_load_id", "record_version")
        version_load.create(connection)
    op.execute(RECORD_CURRENT)


def downgrade() -> None:
    """The ledger is never taken away by a migration."""
    raise RuntimeError("the ledger is evidence; restore a backup instead")
