"""Airflow's daemons for one state folder: api-server, scheduler with LocalExecutor, dag-processor."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from exchange.orchestration.children import must_live, start, stop
from exchange.orchestration.client import AirflowClient, RunChange
from exchange.orchestration.leash import Leash
from exchange.orchestration.metadata import EmbeddedPostgres
from schemas.catalog import HOUSE
from schemas.errors import Terminal

DAEMONS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],  # its log server would listen on every interface
    "dag-processor": ["dag-processor"],
}


class Airflow:
    """Use as a context manager: inside it, Airflow runs and `url`, `user`, `password` open its pages."""

    user = "admin"

    def __init__(self, home: Path, dags: Path, env: Mapping[str, str]) -> None:
        """`home`: state folder (logs, secrets); `dags`: the DAG folder; `env`: what the tasks see."""
        self.home, self.dags, self.env = home, dags, dict(env)
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._secrets = _secrets(home)
        self.password = self._secrets["password"]
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._metadata: EmbeddedPostgres | None = None
        self._leash: Leash | None = None

    def __enter__(self) -> "Airflow":
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for child in reversed(self._children.values()):
            stop(child)
        self._children.clear()
        if self._leash is not None:
            self._leash.close()
            self._leash = None
        if self._metadata is not None:
            self._metadata.__exit__()
            self._metadata = None

    @property
    def client(self) -> AirflowClient:
        return AirflowClient(self.url, self.user, self.password)

    def alive(self) -> None:
        """Raises Terminal naming the daemon that ended, with the end of its log."""
        for name, child in self._children.items():
            must_live(child, f"airflow {name}", self._log(name))

    def run_dags(
        self,
        dag_ids: Sequence[str],
        conf: Mapping[str, object],
        on_change: Callable[[RunChange], None] = lambda _: None,
        stall_seconds: float = 900,
    ) -> dict[str, str]:
        """End what an earlier night left open, trigger one run of each DAG, watch until all have ended.

        Returns dag → success or failed. One night at a time: the state folder belongs to this process.
        """
        run_id = f"night-{time.strftime('%Y%m%dT%H%M%S')}-{secrets.token_hex(2)}"
        client = self.client
        try:
            self._wait(lambda: set(dag_ids) <= client.dag_ids(), "the DAGs to be read", 120)
        except Terminal as error:
            for said in client.import_errors():
                raise Terminal(said.strip().splitlines()[-1], where="dags", remedy="run guiji check") from error
            raise
        for dag_id in dag_ids:
            client.end_stale(dag_id)
            client.trigger(dag_id, run_id, conf)
        return client.watch([(dag_id, run_id) for dag_id in dag_ids], on_change, stall_seconds, self.alive)

    def _start(self) -> None:
        database = self.env.get("GUIJI_AIRFLOW_DB")
        if not database:
            self._metadata = EmbeddedPostgres(self.home)
            self._metadata.__enter__()
            self._metadata.create("airflow")
            database = self._metadata.url_for("postgresql+psycopg2", "airflow")
        self._settings = {**self.env, **self._configuration(database)}
        self._migrate()
        self._leash = Leash()
        for name, arguments in DAEMONS.items():
            command = [sys.executable, "-m", "airflow", *arguments]
            self._children[name] = start(command, self._log(name), self._settings)
            self._leash.hold(self._children[name].pid)
        self._wait(self.client.ready, "Airflow to answer", 180)

    def _configuration(self, database: str) -> dict[str, str]:
        """Everything by environment; nothing is read from a file somebody edited."""
        passwords = self.home / "passwords.json"
        _write_private(passwords, json.dumps({self.user: self.password}))
        settings = {
            "CORE__EXECUTOR": "LocalExecutor",
            "CORE__PARALLELISM": self.env.get("GUIJI_PARALLELISM", "2"),  # two cores: more only shares them
            "CORE__DAGS_FOLDER": str(self.dags),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__DEFAULT_TIMEZONE": "Asia/Shanghai",
            "CORE__FERNET_KEY": self._secrets["fernet"],
            "CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{self.user}:admin",
            "CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "CORE__TEST_CONNECTION": "Disabled",
            "DATABASE__SQL_ALCHEMY_CONN": database,
            "API__HOST": "127.0.0.1",
            "API__PORT": str(self.port),
            "API__BASE_URL": self.url,
            "API__WORKERS": "1",
            "API__SECRET_KEY": self._secrets["session"],
            "API__EXPOSE_CONFIG": "False",
            "API__ENABLE_SWAGGER_UI": "False",  # its page loads from outside
            "API_AUTH__JWT_SECRET": self._secrets["jwt"],
            "SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",  # a task costs 0.4 s instead of 1.1
            "SCHEDULER__ENABLE_HEALTH_CHECK": "False",  # would take a fixed port
            "USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        python_path = os.pathsep.join(filter(None, [str(HOUSE), self.env.get("PYTHONPATH", "")]))
        return {
            **{f"AIRFLOW__{key}": value for key, value in settings.items()},
            "AIRFLOW_HOME": str(self.home),
            "PYTHONPATH": python_path,
            "SCARF_ANALYTICS": "false",
            "GX_ANALYTICS_ENABLED": "false",
            "NO_PROXY": "*",
        }

    def _migrate(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "db", "migrate"],
            env=self._settings,
            cwd="/",
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise Terminal(
                f"Airflow's database cannot be set up: {done.stderr.strip()[-300:]}",
                where="airflow db migrate",
                remedy="see the message; remove the airflow state folder to begin anew",
            )

    def _wait(self, ready: Callable[[], bool], what: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            self.alive()
            if time.monotonic() > deadline:
                raise Terminal(
                    f"waited {seconds:.0f} s for {what}", where=str(self.home / "logs"), remedy="read the logs there"
                )
            time.sleep(0.3)

    def _log(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"


def _free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as item:
        item.bind(("127.0.0.1", 0))
        return int(item.getsockname()[1])


def _secrets(home: Path) -> dict[str, str]:
    """Made at first start, kept readable to us alone."""
    path = home / "secrets.json"
    if not path.is_file():
        made = {name: secrets.token_hex(32) for name in ("jwt", "session")}
        made["fernet"] = urlsafe_b64encode(secrets.token_bytes(32)).decode()
        made["password"] = secrets.token_urlsafe(12)
        _write_private(path, json.dumps(made))
    data: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return data


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
