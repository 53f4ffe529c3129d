"""A process that has imported everything and runs nothing: it forks a child for each flow that a test may kill.

Reads a line of JSON (a list of jobs: env, feed, date), starts them all at once, answers their exit codes.
0: done; 1: one of our own errors; 2: any other; -9: killed. The error's text goes to the job's `outcome` file.
"""

import gc
import importlib
import json
import os
import sys
import traceback
from datetime import date
from pathlib import Path
from typing import Any

NEEDED = (
    "exchange.flow", "exchange.report.nightly", "exchange.site", "expectations.arrow_expectations",
    "great_expectations", "polars", "pyarrow.dataset", "pyarrow.parquet", "connectors.sql", "connectors.receiver_rest",
    "psycopg", "pandas", "jinja2",
)  # fmt: skip


def warm() -> None:
    """Import only: threads started here would not live in the children."""
    for name in NEEDED:
        importlib.import_module(name)
    importlib.import_module("great_expectations").core  # noqa: B018 - the library loads itself by parts
    gc.freeze()


def child(job: dict[str, Any]) -> int:
    """Fork; the child never returns."""
    pid = os.fork()
    if pid:
        return pid
    code = 2
    try:
        os.dup2(2, 1)
        os.environ.update(job["env"])
        code = run(job)
    finally:
        os._exit(code)


def run(job: dict[str, Any]) -> int:
    """One feed, one night."""
    from exchange import flow
    from exchange.site import Site
    from schemas.errors import GuijiError

    outcome = Path(job["outcome"])
    try:
        flow.run(Site.from_environment(), job["feed"], date.fromisoformat(job["date"]))
    except GuijiError as error:
        outcome.write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        return 1
    except BaseException:
        outcome.write_text(traceback.format_exc(), encoding="utf-8")
        return 2
    outcome.write_text("done", encoding="utf-8")
    return 0


def main() -> None:
    warm()
    print("ready", flush=True)
    for line in sys.stdin:
        children = [child(job) for job in json.loads(line)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        print(json.dumps(codes), flush=True)


if __name__ == "__main__":
    main()
