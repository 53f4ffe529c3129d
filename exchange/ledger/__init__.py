"""The ledger (台账): what was pulled, which version of which record was sent to whom, and what was answered.

Our own database (SQLite or PostgreSQL, by SQLAlchemy and Alembic); identities, digests and states, no record content.
"""
