"""Owns the city's department of coercion cases: four linked tables in SQLite or PostgreSQL, for the tests of cases."""

from pathlib import Path

from sqlalchemy import create_engine, text

from sandbox.end import End
from sandbox.generator.cases import KEYS, CaseNight


class CityDepartment(End):
    """`load` puts the four tables into the state of a night in one transaction; `url` as in department.yaml."""

    def __init__(self, path: Path, url: str | None = None) -> None:
        self.url = url or f"sqlite:///{path}"

    def load(self, night: CaseNight) -> None:
        """Replace what the tables hold."""
        engine = create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))
        with engine.begin() as connection:
            for table, names in KEYS.items():
                columns = ", ".join(f"{name} TEXT" for name in names)
                connection.execute(text(f"CREATE TABLE IF NOT EXISTS {table} ({columns})"))
                connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - our own table names
                marks = ", ".join(f":{name}" for name in names)
                if rows := night.tables[table]:
                    connection.execute(text(f"INSERT INTO {table} VALUES ({marks})"), rows)  # noqa: S608
        engine.dispose()

    def env(self) -> dict[str, str]:
        """What department.yaml names."""
        return {"GUIJI_CITY_URL": self.url}

    def start(self) -> None:
        """A database needs no start; kept so that all departments are used alike."""

    def stop(self) -> None:
        """A database needs no stop."""
