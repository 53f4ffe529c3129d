"""Merkle trees on the writer's side: roots and proofs as RFC 9162, section 2.1, defines them.

Written after the definitions (recursive); the verifier's reckoning (proofs.py) follows the other algorithms of the same
section, so that one slip cannot hide in both.
"""

from collections.abc import Sequence

from evidence.proofs import digest, node


class Tree:
    """A tree over leaf hashes under one hash function ("sha256" or "sm3")."""

    def __init__(self, name: str, leaves: Sequence[bytes]) -> None:
        self.name, self.size = name, len(leaves)
        self._levels = [list(leaves)]  # level k holds the roots of all whole subtrees of 2^k leaves
        while len(below := self._levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([node(name, left, right) for left, right in pairs])

    @property
    def root(self) -> bytes:
        return self.root_at(self.size)

    def root_at(self, size: int) -> bytes:
        """The root when the tree had but its first `size` leaves."""
        return self._root(0, size) if size else digest(self.name, b"")

    def inclusion(self, index: int) -> list[bytes]:
        """The path from a leaf to the root (2.1.3.1). Raises IndexError."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        return self._path(index, 0, self.size)

    def consistency(self, old: int) -> list[bytes]:
        """That the first `old` leaves are still what they were (2.1.4.1); nothing to prove for none or all."""
        return self._subproof(old, 0, self.size, True) if 0 < old < self.size else []

    def _root(self, start: int, end: int) -> bytes:
        count = end - start
        if count & (count - 1) == 0:
            return self._levels[count.bit_length() - 1][start // count]
        middle = start + _split(count)
        return node(self.name, self._root(start, middle), self._root(middle, end))

    def _path(self, index: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*self._path(index, start, middle), self._root(middle, end)]
        return [*self._path(index, middle, end), self._root(start, middle)]

    def _subproof(self, old: int, start: int, end: int, whole: bool) -> list[bytes]:
        if old == end:
            return [] if whole else [self._root(start, end)]
        middle = start + _split(end - start)
        if old <= middle:
            return [*self._subproof(old, start, middle, whole), self._root(middle, end)]
        return [*self._subproof(old, middle, end, False), self._root(start, middle)]


def _split(count: int) -> int:
    """The largest power of two smaller than count."""
    return 1 << (count - 1).bit_length() - 1
