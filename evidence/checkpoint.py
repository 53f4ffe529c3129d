"""The log (存证链): what was delivered and answered, in one growing Merkle tree, closed by signed, chained checkpoints.

    <folder>/checkpoints/00000012.json      the note, and the entries that came with it; its appearance is the commit
    <folder>/statements/ab/abcd….json       what an entry states, named by its SHA-256 leaf
    <folder>/keys/<id>.key                  every public key that ever signed

Files are only ever added. Two writers may run at once: one takes the number, the other finds it taken.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evidence.files import EvidenceError, write_new
from evidence.notes import Note
from evidence.proofs import HASHES, canonical, digest
from evidence.signers import Signer, public_text
from evidence.tree import Tree


@dataclass(frozen=True)
class Entry:
    """One delivery with its receipts so far; a later receipt makes another entry."""

    delivery: str
    receipts: int
    leaf: tuple[str, ...]  # hexadecimal, in the order of HASHES


@dataclass(frozen=True)
class Checkpoint:
    """A note and what it added."""

    note: Note
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Excerpt:
    """What a bundle takes from the log for one entry."""

    statement: bytes
    checkpoint: Note
    previous: Note | None
    handovers: tuple[Note, ...]
    proof: dict[str, object]


class Log:
    """The log in one folder, read when first asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def checkpoints(self) -> list[Checkpoint]:
        """All of them, oldest first. Raises EvidenceError when one is missing between others or follows no other."""
        paths = sorted((self.folder / "checkpoints").glob("*.json"))
        for number, path in enumerate(paths, 1):
            if path.stem != f"{number:08d}":
                raise EvidenceError(
                    f"checkpoint {number} is missing", "evidence/checkpoints", "restore it from the backup"
                )
        found, before = [_read(path) for path in paths], "none"
        for checkpoint in found:
            if checkpoint.note.parts["previous"] != before:
                raise EvidenceError(
                    f"checkpoint {checkpoint.note.number} does not follow the one before",
                    "evidence/checkpoints",
                    "restore the folder from the backup",
                )
            before = checkpoint.note.digests
        return found

    @property
    def last(self) -> Note | None:
        return self.checkpoints[-1].note if self.checkpoints else None

    @cached_property
    def entries(self) -> list[Entry]:
        return [entry for checkpoint in self.checkpoints for entry in checkpoint.entries]

    def state(self, delivery: str, receipts: int, statement: dict[str, object]) -> Entry:
        """Keep a statement; it counts once a checkpoint holds its entry."""
        data = canonical(statement)
        leaf = tuple(digest(name, b"\0" + data).hex() for name in HASHES)
        write_new(self._statement(leaf), data, 0o600)
        return Entry(delivery, receipts, leaf)

    def append(self, entries: Sequence[Entry], signers: Sequence[Signer], time: str, history: str = "") -> Note | None:
        """Sign a checkpoint over all entries and these. None: another writer took the number; look again.

        Signers the last checkpoint names come first, in its order: a key vouches for those after it. Raises
        EvidenceError rather than sign what rewrites the checkpoint before. `history`: number and hash of the last line
        of a history kept elsewhere, to be held to later.
        """
        last, all_entries = self.last, [*self.entries, *entries]
        origin = last.parts["origin"] if last else f"guiji/{hashlib.sha256(signers[0].material).hexdigest()[:16]}"
        keyed = {public_text(origin, signer.material): signer for signer in signers}
        before = [key for key in (last.keys if last else ()) if key in keyed]
        keys = [*before, *(key for key in keyed if key not in before)]
        trees = _trees(all_entries)
        if last:
            _check_unchanged(trees, last)
        roots = [base64.b64encode(tree.root).decode() for tree in trees]
        number = last.number + 1 if last else 1
        lines = [
            origin,
            str(len(all_entries)),
            roots[0],
            f"sm3 {roots[1]}",
            f"number {number}",
            f"previous {last.digests if last else 'none'}",
            *([f"history {history}"] if history else []),
            f"time {time}",
            *(f"key {key}" for key in keys),
        ]
        text = "".join(f"{line}\n" for line in lines)
        note = Note((text + "\n" + "".join(_signature(origin, key, keyed[key], text) for key in keys)).encode())
        note.check_signatures()
        for key in keys:
            write_new(self.folder / "keys" / f"{key.split('+')[1]}.key", f"{key}\n".encode(), 0o644)
        rows = [[entry.delivery, entry.receipts, *entry.leaf] for entry in entries]
        data = canonical({"note": note.raw.decode(), "entries": rows})
        written = write_new(self.folder / "checkpoints" / f"{number:08d}.json", data, 0o600)
        return note if written else None

    def excerpt(self, delivery: str) -> Excerpt:
        """The newest entry of a delivery, with the checkpoint that brought it and the proofs. Raises EvidenceError."""
        places = [place for place, entry in enumerate(self.entries) if entry.delivery == delivery]
        if not places:
            raise EvidenceError("no checkpoint holds this delivery yet", delivery[:12], "guiji checkpoint")
        place = places[-1]
        at = next(i for i, checkpoint in enumerate(self.checkpoints) if checkpoint.note.size > place)
        note, previous = self.checkpoints[at].note, self.checkpoints[at - 1].note if at else None
        trees = _trees(self.entries[: note.size])
        old = previous.size if previous else 0
        proof: dict[str, object] = {
            "index": place,
            "inclusion": {tree.name: [value.hex() for value in tree.inclusion(place)] for tree in trees},
            "consistency": {tree.name: [value.hex() for value in tree.consistency(old)] for tree in trees},
        }
        return Excerpt(self._stated(self.entries[place]), note, previous, self._handovers(at), proof)

    def _stated(self, entry: Entry) -> bytes:
        path = self._statement(entry.leaf)
        data = path.read_bytes() if path.is_file() else b""
        if any(digest(name, b"\0" + data).hex() != leaf for name, leaf in zip(HASHES, entry.leaf, strict=True)):
            raise EvidenceError(
                "the statement is gone or changed", f"evidence/statements: {path.name}", "restore it from the backup"
            )
        return data

    def _handovers(self, end: int) -> tuple[Note, ...]:
        """Checkpoints before number `end` that other keys signed than the one before."""
        notes = [checkpoint.note for checkpoint in self.checkpoints[:end]]
        return tuple(n for i, n in enumerate(notes) if i and n.keys != notes[i - 1].keys)

    def _statement(self, leaf: Sequence[str]) -> Path:
        return self.folder / "statements" / leaf[0][:2] / f"{leaf[0]}.json"


def _trees(entries: Sequence[Entry]) -> list[Tree]:
    return [Tree(name, [bytes.fromhex(e.leaf[at]) for e in entries]) for at, name in enumerate(HASHES)]


def _check_unchanged(trees: Sequence[Tree], last: Note) -> None:
    if any(tree.size < last.size or tree.root_at(last.size) != last.root(tree.name) for tree in trees):
        raise EvidenceError(
            "the entries are not what the last checkpoint holds", "evidence/checkpoints", "restore it from the backup"
        )


def _signature(origin: str, key: str, signer: Signer, text: str) -> str:
    signature = bytes.fromhex(key.split("+")[1]) + signer.sign(text.encode())
    return f"— {origin} {base64.b64encode(signature).decode()}\n"


def _read(path: Path) -> Checkpoint:
    data = json.loads(path.read_bytes())
    entries = tuple(Entry(delivery, receipts, tuple(leaf)) for delivery, receipts, *leaf in data["entries"])
    return Checkpoint(Note(data["note"].encode()), entries)
