"""`make up` and `make down`: the sandbox and Airflow's pages stay until told to end; DAGs wait to be switched on."""

import argparse
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

from exchange.orchestration import Airflow
from sandbox.world import World
from schemas.catalog import HOUSE
from schemas.errors import GuijiError

WAIT_SECONDS = 240


def main() -> int:
    """start: leave everything running and print where; serve: be that everything; stop: end it."""
    parser = argparse.ArgumentParser(prog="make up / make down", description=__doc__)
    parser.add_argument("action", choices=["start", "serve", "stop"])
    parser.add_argument("--night", type=int, default=1)
    options = parser.parse_args()
    home = Path(os.environ.get("GUIJI_HOME") or HOUSE / "var").resolve()
    home.mkdir(parents=True, exist_ok=True)
    return {"start": _start, "serve": _serve, "stop": _stop}[options.action](home, options.night)


def _start(home: Path, night: int) -> int:
    if _running(home):
        print((home / "up.txt").read_text(encoding="utf-8"))
        return 0
    (home / "up.txt").unlink(missing_ok=True)
    with (home / "up.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "sandbox.stay", "serve", "--night", str(night)],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, cwd=HOUSE,
        )  # fmt: skip
    (home / "up.pid").write_text(str(child.pid))
    print("启动中（约半分钟）… starting, about half a minute")
    deadline = time.monotonic() + WAIT_SECONDS
    while not (home / "up.txt").is_file():
        if child.poll() is not None or time.monotonic() > deadline:
            print(f"✗ 未能启动 did not start → {home / 'up.log'}", file=sys.stderr)
            return 1
        time.sleep(0.3)
    print((home / "up.txt").read_text(encoding="utf-8"))
    return 0


def _serve(home: Path, night: int) -> int:
    ended = Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    with World(home / "sandbox") as world:
        world.advance_to(max(night, world.night))
        os.environ.update({**world.env(), "GUIJI_HOME": str(home)})
        with Airflow(home / "airflow", HOUSE / "dags", env=dict(os.environ)) as airflow:
            text = f"Airflow {airflow.url}  用户 user {airflow.user}  密码 password {airflow.password}\n"
            text += f"报告 reports {home / 'reports'}\n停止 stop: make down\n"
            part = home / ".up.txt.part"
            part.touch(mode=0o600)
            part.write_text(text, encoding="utf-8")
            part.replace(home / "up.txt")
            while not ended.wait(2):
                airflow.alive()
    (home / "up.txt").unlink(missing_ok=True)
    return 0


def _stop(home: Path, _: int) -> int:
    pid = _running(home)
    if not pid:
        print("没有在运行 nothing is running")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 60
    while _running(home) and time.monotonic() < deadline:
        time.sleep(0.3)
    (home / "up.pid").unlink(missing_ok=True)
    print("已停止 stopped")
    return 0


def _running(home: Path) -> int:
    """The pid of the serving process, 0 when there is none (a stale file of another program counts as none)."""
    try:
        pid = int((home / "up.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if b"sandbox.stay" in command else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GuijiError as error:
        print(f"✗ {error}", file=sys.stderr)
        sys.exit(1)
