"""Under which column a penalty counts: its heaviest kind by the layout's order, or what is not certain about it.

A decision that the order does not settle is placed nowhere and `touches` every column it might belong to: none of
these is then a number, however many of the others are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.annual_layouts import AnnualTable
from transforms.law.distinct import coded
from transforms.law.severity import OTHER, Order, heaviest, is_other, split

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Place:
    """The column one decision counts in, or "" and the columns it might count in."""

    figure: str
    touches: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Columns:
    """Kind → figure, of those figures of one table that count by the heaviest kind."""

    of_kind: Mapping[str, str]

    @classmethod
    def of(cls, table: AnnualTable) -> "Columns":
        return cls({kind: f.name for f in table.figures if f.rule for kind in f.rule.heaviest})

    def place(self, kinds: str | None, order: str) -> Place:
        """`order` empty: none is known, and only what needs none is placed."""
        named = [kind for kind in split(kinds) if not is_other(kind)]
        if order:
            found = heaviest(kinds, cast(Order, order))
            candidates = found.kinds if not found.unranked else ()
        else:
            candidates = tuple(named) or split(kinds)
        figures = {self._figure(kind) for kind in candidates}
        if len(figures) == 1 and (figure := figures.pop()):
            return Place(figure)
        all_of_them = {self._figure(kind) for kind in split(kinds)} or set(self.of_kind.values())
        unsettled = all_of_them - {""}
        if any(not self._figure(kind) for kind in named) or (order and not candidates and named):
            unsettled |= {self._figure(OTHER)} - {""}
        return Place("", frozenset(unsettled))

    def masks(self, column: pa.ChunkedArray, order: str) -> tuple[dict[str, Mask], dict[str, Mask]]:
        """By figure: rows that count there for certain, and rows that might. Asked once a distinct text."""
        codes = coded(column, nulls=True)
        places = [self.place(kinds, order) for kinds in codes.dictionary.to_pylist()]
        indices = codes.indices.to_numpy(zero_copy_only=False)
        certain, maybe = {}, {}
        for figure in set(self.of_kind.values()):
            certain[figure] = np.array([p.figure == figure for p in places], dtype=bool)[indices]
            maybe[figure] = np.array([figure in p.touches for p in places], dtype=bool)[indices]
        return certain, maybe

    def _figure(self, kind: str) -> str:
        return self.of_kind.get(OTHER if is_other(kind) else kind, "")
