"""Owns the clock of a measured process: seconds by stage, each counted once, and the most memory it ever had."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any


class Stopwatch:
    """A stage started inside another takes its time away from the outer one: the parts add up to the whole."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: list[str] = []
        self._since = perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside under `name`."""
        self._turn()
        self._running.append(name)
        try:
            yield
        finally:
            self._turn()
            self._running.pop()

    def watch(self, owner: Any, attribute: str, name: str) -> None:
        """Count every call of a function or method under `name`."""
        call = getattr(owner, attribute)

        def watched(*args: Any, **kwargs: Any) -> Any:
            with self.stage(name):
                return call(*args, **kwargs)

        setattr(owner, attribute, watched)

    def watch_steps(self, owner: Any, attribute: str, name: str) -> None:
        """Count every step of a generator under `name`, not what its reader does in between."""
        call: Callable[..., Iterator[Any]] = getattr(owner, attribute)

        def watched(*args: Any, **kwargs: Any) -> Iterator[Any]:
            steps = call(*args, **kwargs)
            while True:
                with self.stage(name):
                    step = next(steps, self)
                if step is self:
                    return
                yield step

        setattr(owner, attribute, watched)

    def _turn(self) -> None:
        now = perf_counter()
        if self._running:
            top = self._running[-1]
            self.seconds[top] = self.seconds.get(top, 0.0) + now - self._since
        self._since = now


def cpu_seconds() -> float:
    """Processor time of this process so far: what a busy machine does not lengthen much."""
    return process_time()


def peak_mib() -> float:
    """The high-water mark of this process's resident memory."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would also speak of the process that started this one
        lines = status.read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
