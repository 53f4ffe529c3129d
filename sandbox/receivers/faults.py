"""Owns the faults a receiver can be told to show, each for a number of times."""

from threading import Event, Lock

FAULTS = (
    "down",
    "slow",
    "error_500_before",
    "error_500_after",
    "timeout_after",
    "reset_mid_body",
    "truncated_answer",
    "wrong_key_receipt",
    "short_count_receipt",
)


class Faults:
    """Switches, safe between threads. A switch set for n times goes off after n requests that it spoiled."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}
        self._lock = Lock()
        self.seconds = 1.0
        self.stopping = Event()

    def set(self, name: str, times: int = 1, seconds: float | None = None) -> None:
        """Show `name` for the next `times` requests that it concerns; `seconds` is how long slow answers take."""
        if name not in FAULTS:
            raise ValueError(f"no fault named {name}; known are {', '.join(FAULTS)}")
        with self._lock:
            self._left[name] = times
            self.seconds = self.seconds if seconds is None else seconds

    def clear(self) -> None:
        """All switches off."""
        with self._lock:
            self._left.clear()

    def left(self) -> dict[str, int]:
        """What is still to be shown."""
        with self._lock:
            return {name: times for name, times in self._left.items() if times > 0}

    def take(self, name: str) -> bool:
        """True when this request must show the fault; uses up one time."""
        with self._lock:
            times = self._left.get(name, 0)
            if times > 0:
                self._left[name] = times - 1
            return times > 0

    def wait(self, seconds: float) -> None:
        """Hold an answer back, but not past the receiver's stop."""
        self.stopping.wait(seconds)
