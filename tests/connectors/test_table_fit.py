"""Tables that do not take what is sent, and words in receiver.yaml that cannot be: named before a row is written."""

import sqlite3
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from connectors.registry import open_target
from schemas.errors import ConfigurationError, GuijiError
from schemas.exchange import Comparable, Sealed
from tests.connectors.exchange_platform import ACCESS, FIELDS, LINES, WHERE, Platform, held, sealed

NARROW = {
    "a column too narrow": ("CF_SY", "VARCHAR(4)", "takes 4 characters, a text of 11"),
    "a column that rounds": ("CF_NR_FK", "DECIMAL(10,1)", "CF_NR_FK does not keep"),
    "a column of another alphabet": ("CF_WSH", "VARCHAR(40) CHARACTER SET latin1", "does not take"),
    "a column of whole numbers": ("CF_WSH", "INTEGER", "does not take"),
    "no column": ("CF_WSH", "", "no column CF_WSH"),
}


@pytest.mark.parametrize("how", NARROW)
def test_a_table_that_does_not_take_it_is_named_and_nothing_is_written(
    exchange_url: str, tmp_path: Path, how: str
) -> None:  # fmt: skip
    column, kind, says = NARROW[how]
    made = Platform(exchange_url, ACCESS)
    if "CHARACTER SET" in kind and made.dialect != "mysql":
        kind, says = "INTEGER", "does not take|does not keep"
    name = f"{made.quote}{column}{made.quote}"
    lines = [
        line if f"{name} " not in line else f"{name} {kind}," if kind else "" for line in made.statements().splitlines()
    ]
    made.make("\n".join(lines) + "\n")
    rounded = [LINES[0] | {"CF_NR_FK": "12.560000"}, LINES[1]]
    if made.dialect == "sqlite" and how not in ("a column too narrow", "no column"):
        assert made.target().send(sealed(tmp_path, rounded)).status == 202, "SQLite keeps any text in any column"
        return
    with pytest.raises(ConfigurationError, match=says) as told:
        made.target().send(sealed(tmp_path, rounded))
    assert told.value.where.startswith(WHERE)
    assert told.value.remedy
    assert told.value.sent is False
    values = {str(value) for line in rounded for value in line.values()}
    assert not any(value in str(told.value) for value in values if len(value) > 3)
    assert held(made) == ([], [])
    made.engine.dispose()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("DROP TABLE gj_penalty", "there is no table gj_penalty"),
        ("DROP TABLE gj_control", "there is no table gj_control"),
        ("ALTER TABLE gj_penalty ADD COLUMN more INTEGER NOT NULL DEFAULT 0 CHECK (more > 0)", "does not take"),
        ("CREATE UNIQUE INDEX one ON gj_penalty (cd_source)", "unique constraint"),
    ],
)
def test_a_table_that_is_wrong_is_named(platform: Platform, delivery: Sealed, statement: str, says: str) -> None:
    platform.do(statement)
    with pytest.raises(ConfigurationError, match=says) as told:
        platform.target().send(delivery)
    assert told.value.sent is False
    assert told.value.where.startswith(WHERE)


def test_columns_are_found_whatever_their_case(exchange_url: str, delivery: Sealed) -> None:
    """A platform's own statements, without quotes: PostgreSQL makes small letters of them."""
    made = Platform(exchange_url, ACCESS)
    plain = made.statements()
    for name, _ in FIELDS:
        plain = plain.replace(f"{made.quote}{name}{made.quote}", name)
    made.make(plain)
    assert made.target().send(delivery).status == 202
    made.do("UPDATE gj_penalty SET gj_state = '2'")
    target = made.target()
    with delivery.open() as sent:
        lines = sent.readlines()
    digests = [
        sha256(b"\0".join((line["cd_id"].encode(), str(line["cd_revision"]).encode(), body.rstrip(b"\n")))).hexdigest()
        for line, body in zip(LINES, lines, strict=True)
    ]
    assert isinstance(target, Comparable)
    said = target.holdings({"record_type": "penalty", "prefix": "c:", "by": "record"})
    assert [one["digest"] for one in said["records"]] == digests
    made.engine.dispose()


def test_a_key_that_could_come_twice_is_refused(exchange_url: str, delivery: Sealed) -> None:
    made = Platform(exchange_url, ACCESS)
    made.make()
    made.do("DROP TABLE gj_control")
    words = ", ".join(f"gj_{word} VARCHAR(200)" for word in ("key", "feed", "record_type", "count", "digest", "fields"))
    made.do(f"CREATE TABLE gj_control ({words}, gj_state VARCHAR(9))")
    with pytest.raises(ConfigurationError, match="coming twice"):
        made.target().send(delivery)
    made.do("CREATE UNIQUE INDEX once ON gj_control (gj_key)")
    assert made.target().send(delivery).status == 202
    made.engine.dispose()


def test_tables_without_transactions_are_refused(maria: str, delivery: Sealed) -> None:
    made = Platform(maria, ACCESS)
    made.make()
    made.do("DROP INDEX gj_penalty_cd_id ON gj_penalty")
    made.do("ALTER TABLE gj_penalty ENGINE = MyISAM")
    with pytest.raises(ConfigurationError, match="no transactions"):
        made.target().send(delivery)
    made.engine.dispose()


@pytest.mark.parametrize(
    ("access", "says"),
    [
        ({"tabels": {}}, "did you mean tables"), ({"state": {"new": 0, "accepted": 0, "rejected": 1}}, "two meanings"),
        ({"state": {"new": 0, "accepted": 1}}, "rejected is missing"), ({"columns": {"kee": "x"}}, "did you mean key"),
        ({"columns": {"seq": "gj_key"}}, "stands twice"), ({"wait": "soon"}, "is not seconds"),
        ({"tables": ["x"]}, "holds no keys"), ({"columns": {"state": None}}, "is needed"),
        ({"url": "oracle://x"}, "no database known"), ({"columns": {"seq": "GJ_KEY"}}, "stands twice"),
        ({"control": "占比%"}, "no % can be"), ({"fixed": {"a%s": "0"}}, "no % can be"),
        *(({"url": f"{kind}://u:geheim{odd}x@h/b"}, "taken apart") for kind in ("mysql", "postgresql") for odd in "/["),
    ],
)  # fmt: skip
def test_a_wrong_word_in_the_yaml_is_named(access: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as told:
        open_target(ACCESS | {"url": "sqlite:///x"} | access, WHERE)
    assert told.value.where.startswith(WHERE)
    assert isinstance(told.value, GuijiError)
    assert told.value.remedy
    assert "geheim" not in str(told.value)


@pytest.mark.parametrize("access", [{"columns": {"state": "CF_SY"}}, {"fixed": {"CF_SY": "0"}}])
def test_a_field_of_the_record_is_never_taken_for_a_status(
    tmp_path: Path, delivery: Sealed, access: dict[str, Any]
) -> None:
    """What is in a record must not be read as the receiver's word on it."""
    path = tmp_path / "platform.db"
    sqlite3.connect(path).close()
    made = Platform(f"sqlite:///{path}", ACCESS)
    made.make()
    if "columns" in access:
        made.do("ALTER TABLE gj_control RENAME COLUMN gj_state TO CF_SY")
    with pytest.raises(ConfigurationError, match="CF_SY is also one of") as told:
        made.target(**access).send(delivery)
    assert told.value.sent is False
    assert held(made) == ([], [])
    made.engine.dispose()
