"""One step ahead: the same pieces in the same order, errors in their place, never more than one piece in hand."""

import threading
from collections.abc import Iterator

import pytest

from schemas.ahead import ahead


def test_the_pieces_come_whole_and_in_order() -> None:
    assert list(ahead(range(100))) == list(range(100))
    assert list(ahead([])) == []
    assert list(ahead([None, None])) == [None, None]


def test_an_error_comes_where_its_piece_would_have_come() -> None:
    def broken() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("third")

    pieces = ahead(broken())
    assert [next(pieces), next(pieces)] == [1, 2]
    with pytest.raises(ValueError, match="third"):
        next(pieces)


def test_the_producer_is_at_most_one_piece_in_front() -> None:
    made: list[int] = []
    pieces = ahead(made.append(n) or n for n in range(10))
    next(pieces)
    next(pieces)
    assert len(made) <= 3
    pieces.close()  # type: ignore[attr-defined]  # a generator, known to the caller as an iterator
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
