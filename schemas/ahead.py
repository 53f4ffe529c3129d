"""One step ahead: the next piece is made in a thread while its consumer works on the one before.

Reading, compressing and the columnar libraries let the interpreter go, so two cores are used without a second process.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

T = TypeVar("T")
_END = object()


def ahead(pieces: Iterable[T]) -> Iterator[T]:
    """The same pieces in the same order. An error of the producer is raised where its piece would have come.

    A consumer that stops early waits for the one piece being made; no more than that is ever in memory.
    """
    source = iter(pieces)
    with ThreadPoolExecutor(1, "ahead") as worker:
        coming = worker.submit(next, source, _END)
        while (piece := coming.result()) is not _END:
            coming = worker.submit(next, source, _END)
            yield cast(T, piece)
