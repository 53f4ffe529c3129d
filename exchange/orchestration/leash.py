"""The leash: a small process that outlives us by a moment and ends what our daemons left behind.

A signal on the parent's death reaches the daemons alone; Airflow's tasks sit in process groups of their own and would
go on against an API that is gone. They do stay in their daemon's session. So: we write each daemon's session into this
process's standard input; when that pipe closes, because we closed it or because we died, every process still in one of
those sessions is killed.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path


class Leash:
    """Held by the parent; closing it, or dying, ends the sessions it was told of."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(Path(__file__))], stdin=subprocess.PIPE, start_new_session=True, cwd="/"
        )

    def hold(self, session: int) -> None:
        """Put one more session on the leash."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{session}\n".encode())
        self._process.stdin.flush()

    def close(self) -> None:
        """End whatever is left in the sessions and wait until that is done."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


def members(session: int) -> list[int]:
    """Processes of a session, by pid."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == session:
                    found.append(int(entry.name))
            except (ProcessLookupError, PermissionError):
                continue
    return found


def watch() -> None:
    """Read sessions until the pipe closes, then kill their members until none is left."""
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    sessions = [int(line) for line in sys.stdin]
    for session in sessions:
        for _ in range(50):  # a process may fork while we look
            pids = members(session)
            if not pids:
                break
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    continue


if __name__ == "__main__":
    watch()
