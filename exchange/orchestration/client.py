"""A client for Airflow's REST API on this machine: triggers a night and tells what changes until it ends."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from schemas.errors import Terminal

ENDED = ("success", "failed")
POLL_TRIES = 5


class NightStalled(Terminal):
    """Raised when runs are open and no task has moved for too long."""


@dataclass(frozen=True, slots=True)
class RunChange:
    """One change of state, of a task or (task_id empty) of a whole run."""

    dag_id: str
    task_id: str
    state: str


class AirflowClient:
    """Speaks to one api-server as one user."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url, self.user, self.password = url, user, password
        self._token = ""

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One call under /api/v2. Raises urllib's errors."""
        if not self._token:
            answer = self._request("POST", "/auth/token", {"username": self.user, "password": self.password}, {})
            self._token = answer["access_token"]
        return self._request(method, f"/api/v2{path}", body, {"Authorization": f"Bearer {self._token}"})

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None, headers: dict[str, str]) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            self.url + path, data, {"Content-Type": "application/json", **headers}, method=method
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=30) as answer:
            return json.loads(answer.read() or b"{}")

    def ready(self) -> bool:
        """True once the api-server answers us."""
        try:
            self.call("GET", "/version")
        except (OSError, ValueError, KeyError):
            self._token = ""
            return False
        return True

    def dag_ids(self) -> set[str]:
        """DAGs that the dag-processor has read so far."""
        return {dag["dag_id"] for dag in self.call("GET", "/dags?limit=1000")["dags"]}

    def import_errors(self) -> list[str]:
        """What Airflow could not read of the DAG folder."""
        return [error["stack_trace"] for error in self.call("GET", "/importErrors")["import_errors"]]

    def trigger(self, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> None:
        """Start one run; a run id that exists already is left as it is."""
        self.call("PATCH", f"/dags/{dag_id}", {"is_paused": False})
        try:
            self.call("POST", f"/dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None, "conf": conf})
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise

    def end_stale(self, dag_id: str) -> None:
        """Fail the runs that a killed night left open: they would keep a new run waiting for their dead tasks."""
        found = self.call("GET", f"/dags/{dag_id}/dagRuns?state=running&state=queued&limit=100")["dag_runs"]
        for run in found:
            self.call("PATCH", f"/dags/{dag_id}/dagRuns/{quote(run['dag_run_id'], safe='')}", {"state": "failed"})

    def states(self, dag_id: str, run_id: str) -> dict[str, str]:
        """State of a run ("" → state) and of its tasks."""
        path = f"/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"
        tasks = self._patient("GET", f"{path}/taskInstances?limit=200")["task_instances"]
        found = {task["task_id"]: task["state"] or "none" for task in tasks}
        return {"": self._patient("GET", path)["state"], **found}

    def _patient(self, method: str, path: str) -> Any:
        """A poll that survives a slow answer or a token that ran out; the daemons' own health is watched elsewhere."""
        for tried in range(1, POLL_TRIES):
            try:
                return self.call(method, path)
            except (OSError, ValueError):
                self._token = ""
                time.sleep(tried)
        return self.call(method, path)

    def watch(
        self,
        runs: Iterable[tuple[str, str]],
        on_change: Callable[[RunChange], None],
        stall_seconds: float,
        alive: Callable[[], None],
    ) -> dict[str, str]:
        """Poll one run of each DAG until all have ended; returns dag → final state. Raises NightStalled."""
        open_runs, final = dict(runs), {}
        seen: dict[tuple[str, str], str] = {}
        moved = time.monotonic()
        while open_runs:
            alive()
            for dag_id, run_id in list(open_runs.items()):
                states = self.states(dag_id, run_id)
                for task_id, state in states.items():
                    if seen.get((dag_id, task_id)) != state:
                        seen[dag_id, task_id] = state
                        moved = time.monotonic()
                        if state not in ("none", "scheduled", "queued"):
                            on_change(RunChange(dag_id, task_id, state))
                if states[""] in ENDED:
                    final[dag_id] = states[""]
                    del open_runs[dag_id]
            if open_runs and time.monotonic() - moved > stall_seconds:
                stuck = [f"{d}.{t} {s}" for (d, t), s in seen.items() if d in open_runs and t and s not in ENDED]
                raise NightStalled(
                    f"nothing moved for {stall_seconds:.0f} s: {', '.join(stuck[:5]) or 'no task started'}",
                    where="airflow",
                    remedy="read the scheduler's log; a new run takes up what this one left",
                )
            time.sleep(0.5)
        return final
