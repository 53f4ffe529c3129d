"""Child processes that cannot outlive us: they get a signal from the kernel when we die, however we die."""

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from schemas.errors import Terminal

PR_SET_PDEATHSIG = 1


def start(
    command: Sequence[str],
    log: Path,
    env: Mapping[str, str],
    *,
    user: str | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program in its own process group; its output goes to `log`."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def before_exec() -> None:
        libc.prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # we died between fork and here
            os._exit(1)

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        return subprocess.Popen(
            list(command), stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=dict(env), cwd="/",
            start_new_session=True, preexec_fn=before_exec, user=user, extra_groups=[] if user else None,
        )  # fmt: skip


def stop(child: "subprocess.Popen[bytes]", first: signal.Signals = signal.SIGTERM, seconds: float = 20) -> None:
    """Ask the whole group to end, then make it."""
    for sign, patience in ((first, seconds), (signal.SIGKILL, 5)):
        try:
            os.killpg(child.pid, sign)
        except ProcessLookupError:
            break
        try:
            child.wait(patience)
            break
        except subprocess.TimeoutExpired:
            continue
    child.wait(5)


def must_live(child: "subprocess.Popen[bytes]", name: str, log: Path) -> None:
    """Raises Terminal with the end of the log when a daemon has ended."""
    if child.poll() is not None:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:] if log.is_file() else []
        raise Terminal(
            f"{name} ended with status {child.returncode}: {' | '.join(line.strip()[:200] for line in lines)}",
            where=str(log),
            remedy="read the log; then start again",
        )
