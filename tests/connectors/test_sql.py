"""SQL sources on real databases: no row missed at a window's border, text exact, names harmless, errors our own."""

import io
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.registry import open_source
from schemas.errors import SourceChanged, SourceRefused, SourceUnreachable
from schemas.exchange import Source, Window

SOURCE = {"table": "cf", "key": "id", "cursor": "gxsj", "overlap": "1h"}
FIRST = Window(None, False)


def make(path: Path, rows: list[tuple[Any, ...]], table: str = "cf") -> str:
    connection = sqlite3.connect(path)
    quoted = table.replace('"', '""')
    connection.execute(f'CREATE TABLE "{quoted}" (id INTEGER, gxsj TEXT, je)')
    connection.executemany(f'INSERT INTO "{quoted}" VALUES (?, ?, ?)', rows)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


def source(url: str, **changed: Any) -> Source:
    return open_source({"method": "sql", "url": url}, {**SOURCE, **changed}, "departments/x/penalty.yaml")


def read(opened: Source, window: Window = FIRST) -> tuple[pa.Table, dict[str, Any], bool]:
    with opened.pull(window) as pull:
        tables = [pq.read_table(io.BytesIO(b"".join(part.chunks))) for part in pull.parts()]
        return (pa.concat_tables(tables) if tables else pa.table({"id": []})), pull.position, pull.complete


def ids(opened: Source, window: Window) -> list[str]:
    table, _, _ = read(opened, window)
    return [str(value) for value in table["id"].to_pylist()]


def test_first_pull_is_complete_ordered_by_key_and_all_text(tmp_path: Path) -> None:
    url = make(
        tmp_path / "a.db", [(10, "2026-01-01 00:00:00", 1.5), (9, None, None), (2, "2026-01-02 00:00:00", "壹元")]
    )
    table, position, complete = read(source(url))
    assert table["id"].to_pylist() == ["2", "9", "10"]
    assert table["je"].to_pylist() == ["壹元", None, "1.5"]
    assert set(table.schema.types) == {pa.string()}
    assert (position, complete) == ({"time": "2026-01-02 00:00:00", "key": "2"}, True)


def test_increment_takes_late_equal_and_timeless_rows_and_no_older_ones(tmp_path: Path) -> None:
    rows = [
        (1, "2026-01-01 11:00:00", ""),  # exactly at the border
        (2, "2026-01-01 10:59:59", ""),  # before it
        (3, "2026-01-01 11:30:00", ""),  # late, within the overlap
        (4, "2026-01-01 12:00:00", ""),  # equal to the position
        (5, None, ""),
        (6, "2026-01-01 12:00:01", ""),
    ]
    window = Window({"time": "2026-01-01 12:00:00", "key": "4"}, False)
    opened = source(make(tmp_path / "a.db", rows))
    assert ids(opened, window) == ["1", "3", "4", "5", "6"]
    assert not read(opened, window)[2]
    assert len(ids(opened, Window(window.after, True))) == 6


@pytest.mark.parametrize("hostile", ["x'; DROP TABLE cf; --", "' OR 1=1", "nonsense"])
def test_a_position_that_is_no_time_leaves_nothing_out_and_runs_nothing(tmp_path: Path, hostile: str) -> None:
    opened = source(make(tmp_path / "a.db", [(1, "2026-01-01 00:00:00", "")]))
    assert ids(opened, Window({"time": hostile}, False)) == ["1"]
    assert ids(opened, FIRST) == ["1"]


def test_a_time_in_the_far_future_does_not_carry_the_position_away(tmp_path: Path) -> None:
    opened = source(make(tmp_path / "a.db", [(1, "2026-01-01 00:00:00", ""), (2, "9999-12-31 00:00:00", "")]))
    assert read(opened)[1]["time"] == "2026-01-01 00:00:00"


@pytest.mark.parametrize("name", ['odd "name', "行政处罚 表", "x; DROP TABLE cf", "select", "a'b", "a`b"])
def test_odd_names_are_names(tmp_path: Path, name: str) -> None:
    assert ids(source(make(tmp_path / "a.db", [(1, None, "")], name), table=name), FIRST) == ["1"]


@pytest.mark.parametrize("value", [b"\xff\x00", "a\0b"])
def test_bytes_and_nul_are_refused_by_the_columns_name(tmp_path: Path, value: Any) -> None:
    opened = source(make(tmp_path / "a.db", [(1, None, value)]))
    with pytest.raises(SourceChanged, match="column je"):
        read(opened)


def test_undecodable_text_is_refused_by_the_columns_name(tmp_path: Path) -> None:
    url = make(tmp_path / "a.db", [])
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute("INSERT INTO cf VALUES (1, NULL, CAST(X'C4E3' AS TEXT))")
    connection.commit()
    connection.close()
    with pytest.raises(SourceChanged, match="column je"):
        read(source(url))


@pytest.mark.parametrize("declared", ["TEXT", "VARCHAR(20)", "", "NUMERIC", "REAL", "BLOB", "CHARINT"])
def test_numbers_are_exact_whatever_the_column_is_declared_as(tmp_path: Path, declared: str) -> None:
    connection = sqlite3.connect(tmp_path / "a.db")
    connection.execute(f"CREATE TABLE cf (id INTEGER, gxsj TEXT, je {declared})")
    values = ["0012.50", "9999999999.99", 12345678901, 0.000001, "1e5", None, "", "９９.５"]
    connection.executemany("INSERT INTO cf VALUES (?, NULL, ?)", list(enumerate(values)))
    expected = [row[0] for row in connection.execute("SELECT CAST(je AS TEXT) FROM cf ORDER BY id")]
    connection.commit()
    connection.close()
    assert read(source(f"sqlite:///{tmp_path / 'a.db'}"))[0]["je"].to_pylist() == expected


def test_text_after_chunks_of_nothing_is_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.databases.CHUNK", 3)
    values = [None] * 7 + ["0012.50", 7, 2.5, "", None]
    opened = source(make(tmp_path / "a.db", [(n, None, value) for n, value in enumerate(values, 1)]))
    table, _, _ = read(opened)
    assert table["je"].to_pylist() == [*[None] * 7, "0012.50", "7", "2.5", "", None]
    assert set(table.schema.types) == {pa.string()}


def test_a_pull_broken_off_waits_for_the_chunk_being_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.databases.CHUNK", 10)
    opened = source(make(tmp_path / "a.db", [(n, None, "行") for n in range(5000)]))
    for _ in range(20):
        with opened.pull(FIRST) as pull:
            kept = pull.parts()  # held on to, as a traceback would
            next(kept)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [(n, None, f"行{n}") for n in range(500)]
    taken = []
    for name, order in (("a.db", rows), ("b.db", rows[::-1])):
        with source(make(tmp_path / name, order)).pull(FIRST) as pull:
            taken.append([b"".join(part.chunks) for part in pull.parts()])
    assert taken[0] == taken[1]


def test_missing_table_and_columns_say_what_is_near(tmp_path: Path) -> None:
    url = make(tmp_path / "a.db", [])
    with pytest.raises(SourceChanged, match="no table cg"):
        read(source(url, table="cg"))
    with pytest.raises(SourceChanged, match="did you mean gxsj"):
        read(source(url, cursor="gxsk"))
    with pytest.raises(SourceUnreachable):
        read(source(f"sqlite:///{tmp_path}/none.db"))


def test_postgres_text_is_exact_and_windows_hold(postgres: str) -> None:
    import psycopg

    with psycopg.connect(postgres) as connection:
        connection.execute('CREATE TABLE "c""f" (id int, gxsj timestamptz, je numeric(30,6), rq date)')
        connection.execute(
            """INSERT INTO "c""f" VALUES (10, '2026-01-01 12:00+08', 123456789012345678901234.000001, '2026-02-03'),
            (9, '2026-01-01 10:30+08', 0.1, NULL), (2, NULL, NULL, NULL)"""
        )
    opened = source(postgres, table='c"f')
    table, position, _ = read(opened)
    assert table["id"].to_pylist() == ["2", "9", "10"]
    assert table["je"].to_pylist()[2] == "123456789012345678901234.000001"
    assert table["rq"].to_pylist()[2] == "2026-02-03"
    assert position == {"time": "2026-01-01 12:00:00+08", "key": "10"}
    assert ids(opened, Window(position, False)) == ["2", "10"]


def test_postgres_refuses_bytes_and_strangers(postgres: str) -> None:
    import psycopg

    with psycopg.connect(postgres) as connection:
        connection.execute("CREATE TABLE cf (id int, gxsj text, je bytea)")
    with pytest.raises(SourceChanged, match="column je"):
        read(source(postgres))
    with pytest.raises(SourceRefused):
        read(source(postgres.replace("postgres@", "nobody_known@")))
    with pytest.raises(SourceUnreachable):
        read(source("postgresql://postgres@127.0.0.1:1/postgres"))


def test_postgres_broken_off_in_the_middle_is_told_in_our_words(postgres: str) -> None:
    import psycopg

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE TABLE cf AS SELECT n AS id, NULL::text AS gxsj, repeat('密', 900) AS je "
                           "FROM generate_series(1, 60000) n")  # fmt: skip
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s"

        def read_while_killed() -> None:
            with source(postgres).pull(FIRST) as pull:
                for _ in pull.parts():
                    connection.execute(kill, (connection.info.backend_pid,))

        with pytest.raises(SourceUnreachable) as told:
            read_while_killed()
    assert "密" not in str(told.value)


def test_maria_reads_a_snapshot_and_odd_names(maria: str) -> None:
    import pymysql

    connection = pymysql.connect(host="127.0.0.1", user="root", password="", database=maria.rsplit("/", 1)[1])
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE `c``f` (id int, gxsj datetime, je decimal(20,6)) ENGINE=InnoDB")
        cursor.execute("INSERT INTO `c``f` VALUES (10, '2026-01-01 12:00:00', 0.100000), (9, NULL, NULL)")
        connection.commit()
        with source(maria, table="c`f").pull(FIRST) as pull:
            cursor.execute("INSERT INTO `c``f` VALUES (11, '2026-01-01 12:00:00', 1)")
            connection.commit()
            table = pa.concat_tables(pq.read_table(io.BytesIO(b"".join(part.chunks))) for part in pull.parts())
            position = pull.position
    assert table.to_pydict() == {"id": ["9", "10"], "gxsj": [None, "2026-01-01 12:00:00"], "je": [None, "0.100000"]}
    assert ids(source(maria, table="c`f"), Window(position, False)) == ["9", "10", "11"]
