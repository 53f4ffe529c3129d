"""A ledger made by the first migration is brought to today's tables and keeps all it has."""

from collections.abc import Callable

from sqlalchemy import inspect

from exchange.ledger.database import Ledger
from exchange.ledger.registration import Counts

A, B = ("a", "1", "da", "upsert", False), ("b", None, "db", "upsert", False)
NEWEST = "SELECT * FROM record_current ORDER BY business_key"
# The tables of 0002: a table of newest versions beside the versions, which did not know their row at the source.
AS_BEFORE = (
    "CREATE TABLE old AS SELECT * FROM record_current",
    "DROP VIEW record_current",
    "ALTER TABLE old RENAME TO record_current",
    "ALTER TABLE record_version DROP COLUMN source_ref",
    "DROP INDEX version_load",
    "CREATE INDEX ix_record_version_load_id ON record_version (load_id)",
    "UPDATE alembic_version SET version_num = '0002'",
)


def test_the_newest_versions_are_the_same_after_as_before(ledger: Ledger, pull: Callable[..., Counts]) -> None:
    pull([A, B])
    pull([("a", "1", "other", "upsert", False)])  # a changed, b vanished
    with ledger.engine.begin() as connection:
        for statement in AS_BEFORE:
            connection.exec_driver_sql(statement)
        before = connection.exec_driver_sql(NEWEST).all()
    ledger.engine.dispose()
    del ledger.engine
    with ledger.read() as connection:
        assert inspect(connection).get_view_names() == ["record_current"]
        assert connection.exec_driver_sql(NEWEST).all() == before
        indexes = {index["name"] for index in inspect(connection).get_indexes("record_version")}
    assert ("version_load" in indexes, "ix_record_version_load_id" in indexes) == (True, False)
    found = pull([("a", "1", "other", "upsert", False), B])
    assert (found.unchanged, found.new, found.known) == (1, 1, 1)
