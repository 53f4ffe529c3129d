"""Owns what every end of the exchange has in common: it runs from `with` on, and no longer."""

from abc import ABC, abstractmethod
from typing import Self


class End(ABC):
    """A department, a receiver, or the world of them."""

    @abstractmethod
    def start(self) -> None:
        """Begin to serve."""

    @abstractmethod
    def stop(self) -> None:
        """End; what lies on the disk stays."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
