"""Airflow inside the test process: its metadata in a SQLite file, its DAG folder ours, nothing started beside it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.world import World
from schemas.catalog import HOUSE

DAGS = HOUSE / "dags"


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set up before Airflow is first imported, which only these tests do."""
    home = tmp_path_factory.mktemp("airflow")
    settings = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Shanghai",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "GUIJI_RETRIES": "0",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        from airflow.utils import db

        db.initdb()
        yield


@pytest.fixture
def read_dags(airflow: None) -> Callable[[], Any]:
    """Read the DAG folder as the dag-processor does; every call reads it anew."""
    from airflow.dag_processing.dagbag import BundleDagBag

    return lambda: BundleDagBag(dag_folder=str(DAGS), bundle_path=DAGS, bundle_name="dags-folder")


@pytest.fixture
def catalog_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalog to spoil; GUIJI_CATALOG points at it."""
    root = tmp_path / "catalog"
    for name in ("departments", "receivers"):
        shutil.copytree(HOUSE / name, root / name)
    monkeypatch.setenv("GUIJI_CATALOG", str(root))
    return root


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The sandbox on its first night, and an empty installation of ours."""
    with World(tmp_path / "sandbox", rows=40) as neighbourhood:
        for name, value in {**neighbourhood.env(), "GUIJI_HOME": str(tmp_path / "var")}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("GUIJI_LEDGER", raising=False)
        assert "GUIJI_MARKET_URL" in os.environ
        yield neighbourhood
