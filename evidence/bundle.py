"""Bundles (存证包): the members' salted leaves, the statement on one delivery, and the file that holds all of it."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import shake_256
from typing import Any

from evidence.checkpoint import Excerpt
from evidence.container import FORMAT, leaf_data, pack
from evidence.files import EvidenceError
from evidence.proofs import HASHES, canonical, digest
from evidence.tree import Tree

SALT = 16


@dataclass(frozen=True)
class Contents:
    """What was sent and what came back. `members`: position, key, revision, operation, digest, outcome, code of each.

    `receipts`: what the ledger says of each (attempt, number, status, verdict, filed_at) with its verbatim bytes.
    """

    request: bytes
    members: Sequence[Mapping[str, Any]]
    receipts: Sequence[tuple[Mapping[str, Any], bytes]]

    @property
    def lines(self) -> list[bytes]:
        """The request's line of each member; empty ones when the request is not made of one line per record."""
        lines = self.request.split(b"\n")
        return lines[:-1] if self.by_line else [b""] * len(self.members)

    @property
    def by_line(self) -> bool:
        return self.request.endswith(b"\n") and self.request.count(b"\n") == len(self.members)


def statement(head: Mapping[str, object], contents: Contents, seed: bytes) -> dict[str, object]:
    """What the log keeps of a delivery: digests and counts, no record. `head`: delivery, receiver, feed and so on."""
    roots = {name: Tree(name, leaves).root.hex() for name, leaves in _leaves(contents, seed).items()}
    return {
        **head,
        "format": FORMAT,
        "count": len(contents.members),
        "records": "lines" if contents.by_line else "whole",
        "request": _digests(contents.request),
        "members": roots,
        "receipts": [{**said, **_digests(data)} for said, data in contents.receipts],
    }


def write_bundle(excerpt: Excerpt, contents: Contents, seed: bytes, show: Collection[str] | None = None) -> bytes:
    """The bundle's bytes: the same for the same log and contents. `show`: of all records, those with these keys alone.

    Raises EvidenceError when the contents are not what the log holds, or no member has such a key.
    """
    said = json.loads(excerpt.statement)
    leaves = _leaves(contents, seed)
    roots = {name: Tree(name, leaves[name]).root.hex() for name in HASHES}
    receipts = [{**row, **_digests(data)} for row, data in contents.receipts]
    if (roots, receipts) != (said["members"], said["receipts"]) or _digests(contents.request) != said["request"]:
        raise EvidenceError(
            "files or ledger are not what the checkpoint holds", said["delivery"][:12], "see the backup"
        )
    files = _log_files(excerpt)
    files["members.jsonl"] = b"".join(canonical(row) + b"\n" for row in _rows(contents, seed, leaves, show))
    if show is None:
        files["request.bin"] = contents.request
        files |= {f"receipts/{at:03d}.bin": data for at, (_, data) in enumerate(contents.receipts, 1)}
    return pack(files)


def write_statement(excerpt: Excerpt) -> bytes:
    """A bundle of nothing but the statement and its proof: what is left when the records' keys are destroyed."""
    return pack(_log_files(excerpt))


def _log_files(excerpt: Excerpt) -> dict[str, bytes]:
    files = {
        "statement.json": excerpt.statement,
        "log/checkpoint.note": excerpt.checkpoint.raw,
        "log/proof.json": canonical(excerpt.proof),
    }
    if excerpt.previous:
        files["log/previous.note"] = excerpt.previous.raw
    return files | {f"log/handovers/{note.number:08d}.note": note.raw for note in excerpt.handovers}


def _rows(
    contents: Contents, seed: bytes, leaves: Mapping[str, Sequence[bytes]], show: Collection[str] | None
) -> Iterator[dict[str, Any]]:
    """members.jsonl: shown members with their salt; of the others nothing but the leaf."""
    if missing := set(show or ()) - {member["key"] for member in contents.members}:
        raise EvidenceError("no record of this delivery has that key", str(min(missing)), "see the delivery's records")
    salts, lines = _salts(seed, len(contents.members)), contents.lines
    for position, member in enumerate(contents.members):
        if show is None:
            yield {"member": member, "salt": salts[position].hex()}
        elif member["key"] in show:
            yield {"member": member, "salt": salts[position].hex(), "record": lines[position].decode()}
        else:
            yield {name: leaves[name][position].hex() for name in HASHES}


def _leaves(contents: Contents, seed: bytes) -> dict[str, list[bytes]]:
    """Leaf hashes under both functions. Record by record, because each record is hashed by itself."""
    salts = _salts(seed, len(contents.members))
    rows = zip(contents.members, salts, contents.lines, strict=True)
    data = [b"\0" + leaf_data(member, salt, line) for member, salt, line in rows]
    return {name: [digest(name, item) for item in data] for name in HASHES}


def _salts(seed: bytes, count: int) -> list[bytes]:
    """One stream of secret bytes, cut: a member's salt tells nothing about its neighbour's."""
    stream = shake_256(seed).digest(SALT * count)
    return [stream[at : at + SALT] for at in range(0, SALT * count, SALT)]


def _digests(data: bytes) -> dict[str, object]:
    return {"bytes": len(data), **{name: digest(name, data).hex() for name in HASHES}}
