"""The words that pass between exchange and connectors: what is asked, what came, what was sent, what was answered."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from io import BufferedReader
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

Position = dict[str, Any]
"""Where a source was read up to: JSON of the connector's own making, kept by the ledger, e.g. {"time": …, "key": …}."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked of a source; taken from the ledger, never from the Airflow run.

    `after` is None for a first pull. `sweep` asks for every current record, so that late rows and deletions show.
    """

    after: Position | None
    sweep: bool

    def knowing(self, files: Mapping[str, str]) -> "Window":
        """The same, with files of a drop folder (sha-256 → name) that no pull should take."""
        if not files:
            return self
        return Window({**(self.after or {}), "files": {**(self.after or {}).get("files", {}), **files}}, self.sweep)


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of raw material, exactly as the source gave it. `name` labels it (never a path of ours).

    `child`: the list of the records whose entries it holds; "" for the records themselves.
    """

    name: str
    format: str  # parquet | json | csv | xlsx
    chunks: Iterator[bytes]
    child: str = ""


class Pull(Protocol):
    """One reading of a source: iterate `parts` to the end, then `position` and `complete` are known."""

    def parts(self) -> Iterator[Part]: ...
    @property
    def position(self) -> Position: ...
    @property
    def complete(self) -> bool:
        """True when the parts hold every current record: what is missing was deleted at the source."""
        ...


class Source(Protocol):
    """One department's feed behind one access method."""

    def check(self) -> str:
        """Reach and log in; one plain sentence of what was found. Raises SourceUnreachable, SourceRefused."""
        ...

    def pull(self, window: Window) -> AbstractContextManager[Pull]: ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """A delivery as it goes over the wire: the same bytes under the same key at every attempt.

    `digest` is the body's SHA-256 (hex) as the ledger kept it at the seal; `open` reads the body from the beginning,
    seekable; the caller closes.
    """

    key: str
    feed: str
    record_type: str
    count: int
    digest: str
    open: Callable[[], BufferedReader]


@dataclass(frozen=True, slots=True)
class Answer:
    """A receiver's word, verbatim."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Verdict = Literal["accepted", "rejected"]


class RecordVerdict(NamedTuple):
    """The receiver's word on one member. `position` counts from 0 in the sealed order; `code`, `text` are verbatim."""

    position: int
    verdict: Verdict
    code: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an answer says, once it is known to speak of our delivery."""

    key: str
    number: str
    verdicts: tuple[RecordVerdict, ...] = field(default_factory=tuple)


class Target(Protocol):
    """One receiver behind one access method."""

    def check(self) -> str: ...

    def send(self, sealed: Sealed) -> Answer:
        """One attempt, no retry inside. Raises ReceiverUnreachable when the outcome is unknown."""
        ...

    def inquire(self, key: str) -> Answer | None:
        """Ask by key: the answer given before, or None when the receiver does not know the key."""
        ...

    def read(self, sealed: Sealed, answer: Answer) -> Receipt:
        """Read an answer. Raises ReceiverRefused, ReceiptMismatch, or ReceiverUnreachable (busy, broken: unknown)."""
        ...


@runtime_checkable
class Comparable(Protocol):
    """A target that tells what it holds, as counts and digests (promise `digest: by_batch`)."""

    def holdings(self, question: Mapping[str, str]) -> dict[str, Any]:
        """Raises ReceiverUnreachable, ReceiverRefused, ReceiptMismatch."""
        ...


@runtime_checkable
class Climbing(Protocol):
    """A target that answers again later: stored, published (promise `ladder`)."""

    def ask_rung(self, key: str, name: str) -> Answer | None:
        """None: not yet. Raises ReceiverUnreachable."""
        ...

    def read_rung(self, key: str, name: str, answer: Answer) -> dict[int, tuple[str, str] | None]:
        """By position: None where the record got there, else (code, text). Raises ReceiptMismatch."""
        ...
