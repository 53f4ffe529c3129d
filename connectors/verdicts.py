"""A delivery that lies at a receiver and is judged there (待判): how long a run looks, and what it knows of one it saw.

Of receivers by table and by file, which know of a delivery only while it lies there.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from schemas.errors import ReceiptMismatch, ReceiverUnreachable
from schemas.exchange import Answer

WAITING, JUDGED, REFUSED = 202, 200, 422
"""Of an answer read from tables or files; as HTTP has it, so that receipts of all kinds of receiver read alike."""
LONGEST_PAUSE = 5.0


class Patience:
    """Seconds, in all, that one run waits for verdicts."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def look(self, once: Callable[[], Answer | None]) -> Answer | None:
        """Look until the delivery is judged or gone, or the time of this run is over."""
        pause = 0.05
        while True:
            answer = once()
            if answer is None or answer.status != WAITING or self._left <= 0:
                return answer
            pause = min(pause * 1.5, LONGEST_PAUSE, self._left)
            time.sleep(pause)
            self._left -= pause


@contextmanager
def seen_there() -> Iterator[None]:
    """What is wrong with an answer that was read there: the delivery was there all the same."""
    try:
        yield
    except (ReceiptMismatch, ReceiverUnreachable) as error:
        error.there = True
        raise


def comes_and_goes(where: str) -> ReceiverUnreachable:
    return ReceiverUnreachable("the delivery comes and goes", where=where, remedy="the next run asks again")
