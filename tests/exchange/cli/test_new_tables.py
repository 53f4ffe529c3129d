"""`guiji new tables`: what it prints makes the tables, with the profile's columns and titles, in every dialect."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from exchange.cli.new_tables import columns, statements
from schemas.catalog import Catalog
from schemas.errors import ConfigurationError
from tests.exchange.cli.conftest import Guiji

CITY = """\
name: 某市交换库
name_en: a city's exchange database
access:
  method: table
  url: ${GUIJI_CITY_URL}
  control: gj_control
  tables: {penalty: gj_penalty}
  state: {new: "0", pending: ["1"], accepted: ["2"], rejected: ["3", "-1"]}
promise: {idempotency: honoured, inquiry: by_key}
"""


@pytest.fixture
def city(catalog_copy: Path) -> Path:
    folder = catalog_copy / "receivers" / "city"
    folder.mkdir()
    (folder / "receiver.yaml").write_text(CITY, encoding="utf-8")
    (folder / "penalty.yaml").write_bytes((catalog_copy / "receivers/province/penalty.yaml").read_bytes())
    return catalog_copy


def test_what_it_prints_makes_the_tables(city: Path, guiji: Guiji) -> None:
    root = {"GUIJI_CATALOG": str(city)}
    said = guiji("new", "tables", "city", env=root | {"GUIJI_CITY_URL": "sqlite:///anywhere.db"})
    assert said.status == 0, said.err
    with closing(sqlite3.connect(":memory:")) as base:
        base.executescript(said.out)
        names = [row[1] for row in base.execute("PRAGMA table_info(gj_penalty)")]
    fields = list(Catalog(city).receiver("city").profiles["penalty"]["fields"])
    assert names[7 : 7 + len(fields)] == fields
    assert "违法行为类型" in said.out
    assert guiji("check", env=root).status == 0
    told = guiji("new", "tables", "city", env=root)
    assert (told.status, "--for sqlite or postgresql or mysql" in told.err) == (1, True)


def test_each_database_has_its_own_words(city: Path) -> None:
    receiver = Catalog(city).receiver("city")
    maria, postgres = (statements(receiver, dialect) for dialect in ("mysql", "postgresql"))
    assert "`CF_WSH` MEDIUMTEXT," in maria
    assert "utf8mb4_bin" in maria
    assert '"CF_WSH" TEXT,' in postgres
    assert columns(receiver, "penalty")[0] == ("CF_XDR_MC", "行政相对人名称")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{penalty: gj_penalty}", "{penalti: gj_penalty}", "did you mean penalty"),
        ("method: table", "method: rest", "only for method table"),
    ],
)
def test_what_cannot_be_made_is_named(city: Path, old: str, new: str, says: str) -> None:
    path = city / "receivers/city/receiver.yaml"
    path.write_text(CITY.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=says) as told:
        statements(Catalog(city).receiver("city"), "sqlite")
    assert told.value.where.startswith("receivers/city/receiver.yaml: access")
    path.write_text(CITY, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="did you mean mysql"):
        statements(Catalog(city).receiver("city"), "mysqk")


def test_a_field_that_no_table_can_hold_is_named_by_check(city: Path, guiji: Guiji) -> None:
    profile = city / "receivers/city/penalty.yaml"
    with profile.open("a", encoding="utf-8") as out:
        out.write("  gj_state: {constant: '2'}\n")
    told = guiji("check", env={"GUIJI_CATALOG": str(city)})
    assert told.status == 1
    assert "receivers/city/penalty.yaml: fields: the profile's field gj_state is also one of" in told.err
