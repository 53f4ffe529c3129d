"""Owns the asking of the zygote: real processes that run a flow, and may die or stop in the middle of it."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.flow.installation import Installation

FEED = "market/penalty"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a process ended, and what it said last."""

    code: int
    words: str

    @property
    def killed(self) -> bool:
        return self.code == -9


@dataclass(frozen=True, slots=True)
class Running:
    """A process on its way."""

    zygote: "Zygote"
    pid: int
    note: Path

    def wait(self) -> Outcome | None:
        """How it ended; None when it stopped instead."""
        code = self.zygote.ask({"wait": self.pid})
        words = self.note.read_text(encoding="utf-8") if self.note.exists() else ""
        return None if code == "stopped" else Outcome(int(code), words)

    def ended(self) -> Outcome:
        """It must have ended."""
        outcome = self.wait()
        assert outcome, "it stopped instead"
        return outcome

    def wake(self) -> None:
        """Let a stopped one go on."""
        os.kill(self.pid, signal.SIGCONT)


class Zygote:
    """A warm process; each run is a fork of it."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("zygote.py")
        command = [sys.executable, "-P", "-m", "tests.flow.zygote"]
        self._process = subprocess.Popen(
            command, cwd=script.parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"PYTHONPATH": str(script.parents[2]), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "USER": "guiji"},
        )  # fmt: skip
        assert self._line() == "ready"
        self._started = 0

    def start(self, at: Installation, env: dict[str, str] | None = None, **job: Any) -> Running:
        """Start what a job says (see zygote.py), by default the flow of one feed tonight."""
        self._started += 1
        note = at.home.parent / f"outcome{self._started}.txt"  # not on the disk that a test may fill
        note.unlink(missing_ok=True)
        told = {"env": at.env() | (env or {}), "date": at.day.isoformat(), "outcome": str(note), "feed": FEED}
        return Running(self, int(self.ask({"start": told | job})), note)

    def run(self, at: Installation, *, times: int = 1, feed: str = FEED, **env: str) -> list[Outcome]:
        """Run the feed tonight, `times` times at once."""
        return [one.ended() for one in [self.start(at, env, feed=feed) for _ in range(times)]]

    def guiji(self, at: Installation, *words: str, **job: Any) -> Outcome:
        """`guiji` with these words, to its end."""
        return self.start(at, argv=list(words), **job).ended()

    def ask(self, what: dict[str, Any]) -> Any:
        """One line to the warm process, its answer back."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def _line(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the warm process ended"
        return line.strip()

    def __enter__(self) -> "Zygote":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
