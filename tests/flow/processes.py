"""Owns the asking of the zygote: real processes that run a flow, and may die in the middle of it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

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

    def run(self, at: Installation, *, times: int = 1, feed: str = FEED, **env: str) -> list[Outcome]:
        """Run the feed tonight, `times` times at once."""
        notes = [at.home / f"outcome{number}.txt" for number in range(times)]
        for note in notes:
            note.unlink(missing_ok=True)
        jobs = [
            {"env": at.env() | env, "feed": feed, "date": at.day.isoformat(), "outcome": str(note)} for note in notes
        ]
        assert self._process.stdin
        self._process.stdin.write(json.dumps(jobs) + "\n")
        self._process.stdin.flush()
        codes = json.loads(self._line())
        return [
            Outcome(code, note.read_text(encoding="utf-8") if note.exists() else "")
            for code, note in zip(codes, notes, strict=True)
        ]

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
