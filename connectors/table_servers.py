"""The database servers we write into: PostgreSQL by COPY, MariaDB and MySQL by rows of many a statement."""

import io
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.csv as csv

from connectors.table_databases import Column, Kind, Plain, Sqlite, longest, numeric
from schemas.errors import ConfigurationError


class Postgres(Plain):
    """COPY in, so that the columns may be of any type that takes the text."""

    place = "%s"

    def __init__(self, url: str, timeout: float) -> None:
        import psycopg

        self.connection = psycopg.connect(url, connect_timeout=max(2, int(timeout)), client_encoding="utf8")
        wait = f"{max(1, int(timeout * 1000))}ms"
        for name, value in (("lock_timeout", wait), ("statement_timeout", "30min"), ("timezone", "Asia/Shanghai")):
            self.connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        self.connection.execute(  # a COMMIT that was answered must be on their disk
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        self.connection.commit()

    def columns(self, table: str) -> list[Column]:
        found = self.rows(
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            self.quoted_table(table),
        )
        return [Column(name, numeric(kind), longest(kind)) for name, kind in found]

    def unique(self, table: str, column: str) -> bool:
        found = self.rows(
            "SELECT 1 FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] "
            "WHERE i.indrelid = to_regclass(%s) AND i.indisunique AND i.indimmediate AND i.indisvalid "
            "AND i.indpred IS NULL AND i.indnkeyatts = 1 AND a.attname = %s",
            self.quoted_table(table), column,
        )  # fmt: skip
        return bool(found)

    def transactional(self, table: str) -> bool:
        return True

    def snapshot(self) -> None:
        self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    def insert(self, table: str, data: pa.Table) -> None:
        names = ", ".join(self.quoted(name) for name in data.column_names)
        out = io.BytesIO()
        csv.write_csv(data, out, csv.WriteOptions(include_header=False, quoting_style="all_valid"))
        statement = f"COPY {self.quoted_table(table)} ({names}) FROM STDIN (FORMAT csv)"
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(out.getbuffer())

    @staticmethod
    def kind(error: Exception) -> Kind:
        state = str(getattr(error, "sqlstate", None) or "")
        text = str(error).lower() if not state else ""
        if state[:2] == "28" or state in ("42501", "3D000") or any(
            word in text for word in ("authentication", "password", "pg_hba", "does not exist", "permission denied")
        ):  # fmt: skip
            return "refused"
        if state == "23505":
            return "unique"
        if state[:2] in ("22", "23"):
            return "data"
        return "busy" if state in ("55P03", "57014") or state[:2] == "40" else "unreachable"


class Maria(Plain):
    """MariaDB and MySQL, told to refuse what they would otherwise cut short."""

    mark, place, number = "`", "%s", "SIGNED"

    def __init__(self, url: str, timeout: float) -> None:
        import pymysql

        at, wait = urlsplit(url), max(1, int(timeout))
        self.connection = pymysql.connect(
            host=at.hostname or "127.0.0.1", port=at.port or 3306, user=unquote(at.username or ""),
            password=unquote(at.password or ""), database=at.path.lstrip("/"), charset="utf8mb4",
            connect_timeout=max(2, wait), read_timeout=1800, write_timeout=1800, autocommit=False,
        )  # fmt: skip
        with self.connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'")
            cursor.execute("SET SESSION innodb_lock_wait_timeout = %s, lock_wait_timeout = %s", (wait, wait))

    def text(self, expression: str) -> str:
        return f"CAST({expression} AS CHAR)"

    def exact(self, expression: str) -> str:
        return f"BINARY {expression}"

    def columns(self, table: str) -> list[Column]:
        found = self.rows(
            "SELECT column_name, data_type, character_maximum_length FROM information_schema.columns "
            "WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name = %s ORDER BY ordinal_position",
            *_parts(table),
        )
        return [Column(name, numeric(kind), most) for name, kind, most in found]

    def unique(self, table: str, column: str) -> bool:
        found = self.rows(
            "SELECT 1 FROM information_schema.statistics "
            "WHERE table_schema = COALESCE(%s, DATABASE()) AND table_name = %s AND non_unique = 0 GROUP BY index_name "
            "HAVING COUNT(*) = 1 AND MAX(column_name) = %s AND MAX(sub_part) IS NULL",
            *_parts(table), column,
        )  # fmt: skip
        return bool(found)

    def transactional(self, table: str) -> bool:
        found = self.rows(
            "SELECT 1 FROM information_schema.tables t JOIN information_schema.engines e ON e.engine = t.engine "
            "WHERE t.table_schema = COALESCE(%s, DATABASE()) AND t.table_name = %s AND e.transactions = 'YES'",
            *_parts(table),
        )
        return bool(found)

    @staticmethod
    def kind(error: Exception) -> Kind:
        code = error.args[0] if error.args else 0
        if code in (1044, 1045, 1049, 1142, 1143, 1227, 1698):
            return "refused"
        if code == 1062:
            return "unique"
        if code in (1048, 1264, 1265, 1292, 1364, 1366, 1406, 1452, 3819, 4025):
            return "data"
        return "busy" if code in (1205, 1213) else "unreachable"


DATABASES: dict[str, type[Sqlite | Postgres | Maria]] = {
    "sqlite:///": Sqlite, "postgresql://": Postgres, "postgres://": Postgres, "mysql+pymysql://": Maria,
    "mysql://": Maria, "mariadb://": Maria,
}  # fmt: skip


def database_of(url: str, where: str) -> type[Sqlite | Postgres | Maria]:
    """Raises ConfigurationError for an address of no database known here, or one that cannot be taken apart."""
    try:
        urlsplit(url).port  # noqa: B018 - what it raises may quote a password
    except ValueError:
        raise ConfigurationError(
            "the address cannot be taken apart",
            where=f"{where}: access.url",
            remedy="in user and password write / as %2F, # as %23, @ as %40, [ as %5B, % as %25",
        ) from None
    for start, kind in DATABASES.items():
        if url.startswith(start):
            return kind
    raise ConfigurationError(
        "the address is of no database known here",
        where=f"{where}: access.url",
        remedy="begin it with sqlite:///, postgresql:// or mysql://",
    )


def _parts(table: str) -> tuple[str | None, str]:
    """Schema, or None for the connection's own, and name."""
    schema, _, name = table.rpartition(".")
    return schema or None, name
