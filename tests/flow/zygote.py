"""A process that has imported everything and runs nothing: it forks a child for each flow that a test may kill.

Reads lines of JSON. {"start": job} forks a child, answers its pid; {"wait": pid} answers its exit code, or "stopped".
A job has `env` and `outcome`, and either `feed` and `date`, or `argv`, the words behind `guiji`. With `trace` (words
for strace) the child begins only when strace holds it; with `stops` it stops at GUIJI_CRASH_AT instead of dying;
`patch` names a function, module:function, that is called first with the job.
A flow: 0 done; 1 one of our own errors; 2 any other; its words go to `outcome`. A `guiji`: its own exit status.
"""

import ctypes
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

NEEDED = (
    "exchange.flow", "exchange.report.nightly", "exchange.site", "expectations.arrow_expectations",
    "great_expectations", "polars", "pyarrow.dataset", "pyarrow.parquet", "connectors.sql", "connectors.receiver_rest",
    "connectors.sftp",
    "connectors.receiver_table", "pymysql", "psycopg", "pandas", "jinja2", "exchange.cli.main",
)  # fmt: skip
_ANY_TRACER = (0x59616D61, -1)  # prctl: who may trace us; needed where strace is not root's


def warm() -> None:
    """Import only: threads started here would not live in the children."""
    for name in NEEDED:
        importlib.import_module(name)
    importlib.import_module("great_expectations").core  # noqa: B018 - the library loads itself by parts
    gc.freeze()


def start(job: dict[str, Any]) -> int:
    """Fork; the child never returns."""
    go, given = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(given)
        begin(job, go)
    os.close(go)
    if words := job.get("trace"):
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-p", str(pid), *words], stdin=subprocess.DEVNULL)
        while tracer.poll() is None and "TracerPid:\t0\n" in Path(f"/proc/{pid}/status").read_text(encoding="ascii"):
            time.sleep(0.002)
    os.write(given, b"go")
    os.close(given)
    return pid


def begin(job: dict[str, Any], go: int) -> None:
    """In the child: wait for the word, then be what the job says."""
    code = 2
    try:
        ctypes.CDLL(None).prctl(*_ANY_TRACER, 0, 0, 0)
        os.environ.update(job["env"])
        if job.get("stops"):
            stop_instead()
        if name := job.get("patch"):
            module, _, function = str(name).partition(":")
            getattr(importlib.import_module(module), function)(job)
        os.read(go, 2)
        code = command(job) if "argv" in job else flow(job)
    finally:
        os._exit(code)


def stop_instead() -> None:
    """What kills this process at a named point shall stop it there."""
    kill: Callable[[int, int], None] = os.kill
    os.kill = lambda pid, number: kill(pid, signal.SIGSTOP if number == signal.SIGKILL else number)


def flow(job: dict[str, Any]) -> int:
    """One feed, one night."""
    from exchange import flow
    from exchange.site import Site
    from schemas.errors import GuijiError

    os.dup2(2, 1)
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


def command(job: dict[str, Any]) -> int:
    """`guiji` with these words."""
    from exchange.cli.main import main

    said = os.open(job["outcome"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    sys.argv = ["guiji", *job["argv"]]
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        sys.stdout.flush()
    return 0


def wait(pid: int) -> int | str:
    """The child's exit code; when it stops instead of ending, that."""
    _, status = os.waitpid(pid, os.WUNTRACED)
    return "stopped" if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status)


def main() -> None:
    warm()
    print("ready", flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(start(asked["start"]) if "start" in asked else wait(asked["wait"])), flush=True)


if __name__ == "__main__":
    main()
