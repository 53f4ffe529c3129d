"""The reference for T11: what a department has, what persons decided, and what a receiver must hold in the end.

It knows nothing of ledgers, loads or deliveries.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Record:
    """A row at the department: its text, whether it is revoked, whether it is unfit to be sent as it is."""

    content: str
    revoked: bool = False
    unfit: bool = False


@dataclass(slots=True)
class Model:
    """`rows`: what the department has now. `held`: what each receiver must hold: record → text."""

    rows: dict[int, Record] = field(default_factory=dict)
    held: dict[int, str] = field(default_factory=dict)
    seen: dict[int, list[str]] = field(default_factory=dict)
    signed_for: set[tuple[int, str]] = field(default_factory=set)

    def write(self, number: int, content: str, *, revoked: bool = False, unfit: bool = False) -> None:
        """The department writes a row, new or over the old one."""
        self.rows[number] = Record(content, revoked, unfit)
        self.seen.setdefault(number, []).append(content)

    def delete(self, number: int) -> None:
        del self.rows[number]

    def release(self, number: int, content: str) -> None:
        """A person signs for an unfit row: it goes out as it is, now."""
        self.signed_for.add((number, content))
        self.held[number] = content

    def delivered(self) -> None:
        """Everything that can be brought has been brought."""
        for number in [number for number in self.held if number not in self.rows]:
            del self.held[number]
        for number, row in self.rows.items():
            if row.unfit:
                continue
            if row.revoked:
                self.held.pop(number, None)
            else:
                self.held[number] = row.content
