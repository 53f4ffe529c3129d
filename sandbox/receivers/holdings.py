"""Owns what a receiver tells of its holdings: counts and order-independent digests, narrowed down to single records.

A record's digest is SHA-256 over cd_id, NUL, cd_revision, NUL, its line; of many it is the sum modulo 2^256, in hex.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.receivers.log import ReceiverLog

MOST = 1000


@dataclass(frozen=True, slots=True)
class Held:
    """One record that is present."""

    cd_id: str
    revision: int
    batch: str
    digest: int


def holdings(log: ReceiverLog, question: dict[str, str]) -> dict[str, object]:
    """`record_type`, `prefix`, `batch`, `from` (inclusive), `to` (exclusive) narrow; `by`: batch, record or absent."""
    found = sorted(_chosen(log, question), key=lambda one: one.cd_id)
    if question.get("by") == "batch":
        batches = defaultdict(list)
        for one in found:
            batches[one.batch].append(one)
        return {"batches": [{"batch": name, **_sum(batches[name])} for name in sorted(batches)]}
    if question.get("by") == "record":
        shown = found[:MOST]
        records = [{"cd_id": one.cd_id, "revision": one.revision, "digest": f"{one.digest:064x}"} for one in shown]
        return {"records": records, "next": found[MOST].cd_id if len(found) > MOST else None}
    return _sum(found)


def _chosen(log: ReceiverLog, question: dict[str, str]) -> Iterator[Held]:
    prefix, first, end = question.get("prefix", ""), question.get("from", ""), question.get("to")
    for cd_id, (revision, line) in log.current(question.get("record_type")).items():
        if not cd_id.startswith(prefix) or cd_id < first or (end is not None and cd_id >= end):
            continue
        batch = str(json.loads(line).get("cd_batch"))
        if question.get("batch") in (None, batch):
            content = b"\0".join((cd_id.encode(), str(revision).encode(), line))
            yield Held(cd_id, revision, batch, int.from_bytes(hashlib.sha256(content).digest(), "big"))


def _sum(found: list[Held]) -> dict[str, object]:
    return {"count": len(found), "digest": f"{sum(one.digest for one in found) % 2**256:064x}"}
