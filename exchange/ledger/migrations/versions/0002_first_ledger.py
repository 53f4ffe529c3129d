"""The first ledger: loads, versions, deliveries, receipts, quarantine.

Revision ID: 0002
"""

from alembic import op

from exchange.ledger.history import refuse_changes
from exchange.ledger.tables import metadata

revision = "0002"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and refuse changes to what is only ever added to."""
    metadata.create_all(op.get_bind())
    refuse_changes(op.get_bind())


def downgrade() -> None:
    """The ledger is never taken away by a migration."""
    raise RuntimeError("the ledger is evidence; restore a backup instead")
