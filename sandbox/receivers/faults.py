"""Owns the faults a receiver can be told to show, each for a number of times."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock

BEFORE = (
    "timeout_before", "reset_mid_request", "error_500_before", "gateway_502", "maintenance_503", "busy_429",
    "busy_429_absurd", "token_expired_401", "redirect_307", "not_found_page", "portal_page_before", "not_http",
)  # fmt: skip
"""The delivery is not applied."""
AFTER = (
    "error_500_after", "timeout_after", "applies_late", "hang_up_after", "reset_mid_body", "truncated_answer",
    "portal_page_after", "accepted_202", "no_content_204", "empty_answer", "not_utf8_answer", "false_gzip_answer",
    "deep_answer", "endless_answer", "dripping_answer", "second_answer", "wrong_key_receipt", "short_count_receipt",
    "long_count_receipt", "text_count_receipt", "twice_spoken_receipt", "unspoken_line_receipt", "odd_verdict_receipt",
    "wrong_sums_receipt", "twin_keys_receipt", "not_a_number_receipt", "list_receipt", "reversed_receipt",
)  # fmt: skip
"""The delivery is applied, and what the sender sees is not the whole truth."""
INQUIRY = ("inquiry_500", "inquiry_page_404", "inquiry_forgets", "inquiry_empty", "inquiry_wrong_key")
"""What an inquiry by key is answered."""
FAULTS = ("down", "slow", "partial_accept", *BEFORE, *AFTER, *INQUIRY)
RUNG = ("stored_late", "stored_missing")
"""What the question whether a delivery is stored is answered; no fault of a delivery."""


class Faults:
    """Switches, safe between threads. A switch set for n times goes off after n requests that it spoiled."""

    def __init__(self, known: tuple[str, ...] = FAULTS + RUNG) -> None:
        self.known = known
        self._left: dict[str, int] = {}
        self._skip: dict[str, int] = {}
        self._lock = Lock()
        self.seconds = 1.0
        self.late = 0
        self.let_go = Event()
        self.stopping = Event()

    def set(self, name: str, times: int = 1, seconds: float | None = None, skip: int = 0) -> None:
        """Show `name` for `times` requests that it concerns, after `skip` good ones; slow answers take `seconds`."""
        if name not in self.known:
            raise ValueError(f"no fault named {name}; known are {', '.join(self.known)}")
        with self._lock:
            self._left[name], self._skip[name] = times, skip
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
            if times > 0 and self._skip[name] > 0:
                self._skip[name] -= 1
                return False
            if times > 0:
                self._left[name] = times - 1
            return times > 0

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """A request is kept waiting before it is applied, until `let_go` at most; `late` counts them."""
        self.late += 1
        try:
            self.let_go.wait(self.seconds)
            yield
        finally:
            self.late -= 1

    def wait(self, seconds: float) -> None:
        """Hold an answer back, but not past the receiver's stop."""
        self.stopping.wait(seconds)
