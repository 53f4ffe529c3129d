"""Owns what may go wrong in a department's table: the statements that do it to one sound row, and what must follow.

whole    nothing changes for the receivers
sent     the row goes out as a new version
held     the row does not go out
revoked  its record is revoked
refused  an error of ours, and nothing at all goes out
either   sent or held, but never an error that is not ours
"""

from dataclasses import dataclass

NEWER = "cfnr = '没收违法所得，并处罚款（重新核定）'"


@dataclass(frozen=True, slots=True)
class SourceFault:
    """`sql` in all databases, unless a dialect has its own; `:id` is the row."""

    name: str
    expect: str
    sql: tuple[str, ...] = ()
    postgresql: tuple[str, ...] = ()
    mysql: tuple[str, ...] = ()
    sqlite: tuple[str, ...] = ()

    def statements(self, dialect: str) -> tuple[str, ...]:
        return {"postgresql": self.postgresql, "mysql": self.mysql, "sqlite": self.sqlite}.get(dialect, ()) or self.sql


def _row(name: str, expect: str, change: str) -> SourceFault:
    return SourceFault(name, expect, (f"UPDATE xzcf SET {change} WHERE id = :id",))


STRANGER = "999901"
"""The serial of a number that the generator never planted."""
SOURCE_FAULTS = (
    SourceFault("column added", "whole", ("ALTER TABLE xzcf ADD COLUMN xin_lie VARCHAR(20)",)),
    SourceFault("column dropped", "refused", ("ALTER TABLE xzcf DROP COLUMN wfss",)),
    SourceFault("column renamed", "refused", ("ALTER TABLE xzcf RENAME COLUMN cfnr TO chufaneirong",)),
    SourceFault(
        "key column retyped", "whole", (),
        ("ALTER TABLE xzcf ALTER COLUMN id TYPE bigint USING id::bigint",), ("ALTER TABLE xzcf MODIFY id BIGINT",),
    ),
    SourceFault(
        "text column now bytes", "refused", (),
        ("ALTER TABLE xzcf ALTER COLUMN bz TYPE bytea USING convert_to(bz, 'UTF8')",),
        ("ALTER TABLE xzcf MODIFY bz BLOB",),
    ),
    SourceFault("table gone", "refused", ("ALTER TABLE xzcf RENAME TO xzcf_old",)),
    SourceFault("table emptied", "refused", ("DELETE FROM xzcf",)),
    SourceFault("row deleted", "revoked", ("DELETE FROM xzcf WHERE id = :id",)),
    _row("row marked as revoked", "revoked", "zt = '撤销'"),
    _row("another number in the same row", "revoked", "jdswh = '（沙箱）罚字〔2026〕第999901号'"),
    _row("another key at the source", "whole", "id = '99999999'"),
    _row("no update time", "sent", f"gxsj = NULL, {NEWER}"),
    _row("update time in the year 9999", "either", f"gxsj = '9999-12-31 00:00:00', {NEWER}"),
    _row("update time that is none", "sent", f"gxsj = '昨天下午', {NEWER}"),
    _row("update time set back a year", "sent", f"gxsj = '2025-03-01 00:00:00', {NEWER}"),
    _row("no document number", "held", "jdswh = NULL"),
    _row("a code that nobody knows", "held", "xdrlb = '外星人'"),
    _row("date 0000-00-00", "held", "jdrq = '0000-00-00'"),
    _row("date 30 February", "held", "jdrq = '2026-02-30'"),
    _row("amount in exponent form", "either", "fkje = '1E+3'"),
    _row("amount in words", "either", "fkje = '壹仟元整'"),
    _row("amount in full-width digits", "sent", "fkje = '７７０００．００'"),
    _row("bidirectional marks", "either", "cfnr = '\u202e警告'"),
    _row("a formula", "sent", "cfnr = '=HYPERLINK(\"http://192.0.2.1\")'"),
    _row("markup", "sent", "cfnr = '<script>alert(1)</script>{{ 7*7 }}'"),
    _row("characters outside the basic plane", "sent", "cfnr = '㛃𬭎䶮•𠮷'"),
    _row("private-use characters", "either", "cfnr = '罚款\ue5f1一万元'"),
    SourceFault(
        "NUL in a text", "refused", mysql=("UPDATE xzcf SET cfnr = CONCAT('罚款', CHAR(0), '一万元') WHERE id = :id",),
        sqlite=("UPDATE xzcf SET cfnr = '罚款' || char(0) || '一万元' WHERE id = :id",),
    ),
    SourceFault(
        "GBK bytes in a UTF-8 text", "refused",
        sqlite=("UPDATE xzcf SET cfnr = CAST(x'B7A3BFEED2BBCDF2D4AA' AS TEXT) WHERE id = :id",),
    ),
    SourceFault(
        "half a surrogate", "refused", sqlite=("UPDATE xzcf SET cfnr = CAST(x'E7BD9AEDA0BD' AS TEXT) WHERE id = :id",),
    ),
    SourceFault(
        "a text of 20,000 characters", "either", (f"UPDATE xzcf SET cfnr = '{'长' * 20000}' WHERE id = :id",),
    ),
    _row("an empty text where one must be", "held", "cfnr = ''"),
    SourceFault(
        "a second row that contradicts", "held",
        (
            "CREATE TABLE twin AS SELECT * FROM xzcf WHERE id = :id",
            f"UPDATE twin SET id = '99999998', {NEWER}",
            "INSERT INTO xzcf SELECT * FROM twin",
            "DROP TABLE twin",
        ),
    ),
)  # fmt: skip
