"""Owns the judgement from outside: the receivers' own logs beside what the generator planted. It never asks the ledger.

A record is known by its feed and the serial number in its document number, which no dirt touches.
"""

import json
import re
import sqlite3
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from sandbox.generator import make_night
from sandbox.generator.layouts import LAYOUTS
from sandbox.generator.story import Row
from sandbox.receivers import Receiver
from sandbox.receivers.log import Applied
from sandbox.receivers.rules import party_unknown
from sandbox.world import World
from schemas.catalog import HOUSE, Catalog

_SERIAL = re.compile(r"(\d+)号$")
_NUMBER = re.compile(r"^(\D*?)\W?(20\d\d)\W(\d+号)$")
_TEXTS = ("party_name", "party_credit_code", "legal_representative", "party_id_number", "violation_facts")
NO_FAULT = ("1001", "9001")
"""The party is unknown to the receiver; the receiver cannot take the record now."""
_UNITS = {"market": 1, "water": 10_000, "transport": 1}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must have become of one record: present, absent, never (it must not even have been sent), or either."""

    state: str
    row: Row
    dirt: str | None


def serial_of(number: str | None) -> int:
    """The serial number in a document number, whatever its form."""
    found = _SERIAL.search(unicodedata.normalize("NFKC", number or ""))
    assert found, f"a document number without a serial: {number}"
    return int(found[1])


planted = lru_cache(maxsize=16)(make_night)
"""The generator's truth, made once: what the sandbox shows is made anew there."""


def wanted(world: World, feed: str, night: int) -> dict[int, Wanted]:
    """What the generator knows of a feed up to a night, by serial."""
    known: dict[int, Wanted] = {}
    for earlier in range(1, night + 1):
        now = planted(earlier, world.seed, world.rows).feeds[feed]
        tonight: dict[int, Wanted] = {}
        for row in now.rows:
            truth = now.truth[str(row[LAYOUTS[feed].key])]
            if truth.outcome != "duplicate":
                serial = serial_of(row[LAYOUTS[feed].columns["decision_number"]])
                tonight[serial] = Wanted(_state(feed, row, truth.outcome), row, truth.dirt)
        gone = {serial: Wanted("absent", one.row, one.dirt) for serial, one in known.items() if serial not in tonight}
        known = gone | tonight
    return known


def _state(feed: str, row: Row, outcome: str) -> str:
    if outcome in ("held", "either"):
        return "never" if outcome == "held" else "either"
    revoked = row[LAYOUTS[feed].status] in ("0", "撤销") or row.get("isDeleted") == "1"
    return "absent" if revoked else "present"


def applied_of(receiver: Receiver, feed: str) -> dict[int, list[Applied]]:
    """Everything one receiver ever took of one feed, by serial, in order."""
    found: dict[int, list[Applied]] = defaultdict(list)
    for one in receiver.applied():
        if one.cd_id.startswith(prefix(feed)):
            found[serial_of(one.cd_id)].append(one)
    return found


_catalog = lru_cache(maxsize=1)(lambda: Catalog(HOUSE))


def prefix(feed: str) -> str:
    department, record_type = feed.split("/")
    return f"{_catalog().departments[department].credit_code}:{record_type}:"


def cd_id(feed: str, row: Row) -> str:
    """The record's name at the receivers, from the document number that its repair must give."""
    columns = LAYOUTS[feed].columns
    found = _NUMBER.match(unicodedata.normalize("NFKC", str(row[columns["decision_number"]])))
    assert found
    return f"{prefix(feed)}{row[columns['authority_code']]}|{found[1]}〔{found[2]}〕{found[3]}"


def faults(world: World, receiver: Receiver, feed: str, night: int) -> list[str]:
    """Every way in which what a receiver holds is not what it should hold; empty when all is well."""
    must, came = wanted(world, feed, night), applied_of(receiver, feed)
    found = [f"{serial}: not in the truth" for serial in came if serial not in must]
    for serial, one in must.items():
        judged = _judged(feed, receiver.code, one, came.get(serial, []))
        found += [f"{serial} ({one.dirt}): {words}" for words in judged]
    return [f"{receiver.code} {feed} {words}" for words in (*found, *_doubled(came), *refusals(receiver))]


def _judged(feed: str, code: str, must: Wanted, came: list[Applied]) -> Iterator[str]:
    present = bool(came) and came[-1].operation != "d"
    if must.state == "never" and came:
        yield "held, and yet sent"
    if must.state == "absent" and present:
        yield "revoked or deleted, and yet there"
    if must.state == "present" and not present and not party_unknown(cd_id(feed, must.row)):
        yield "lost"
    if present and must.state in ("present", "either"):
        yield from _differences(feed, code, must, json.loads(came[-1].line))


def _differences(feed: str, code: str, must: Wanted, line: dict[str, Any]) -> Iterator[str]:
    fields = _catalog().receivers[code].profiles[feed.split("/")[1]]["fields"]
    names = {} if fields == "canonical" else {rule["from"]: name for name, rule in fields.items()}
    columns, content = LAYOUTS[feed].columns, f"{feed.split('/')[1]}_content"
    for field in (content, *(_TEXTS if not must.dirt else ())):
        if field in columns and line[names.get(field, field)] != _one_line(must.row[columns[field]]):
            yield f"{field} is not the newest, or not right"
    if not must.dirt and "fine_amount" in columns:
        raw, sent = must.row[columns["fine_amount"]], line[names.get("fine_amount", "fine_amount")]
        unit = _UNITS[feed.split("/")[0]]
        yuan = Decimal(sent or 0) * (10_000 if names else 1)
        if yuan != Decimal(raw or 0) * unit:
            yield "fine_amount is wrong"


def _one_line(text: str | None) -> str | None:
    """A line break inside a text is sent as a space."""
    return text and " ".join(text.split())


def _doubled(came: dict[int, list[Applied]]) -> Iterator[str]:
    for serial, versions in came.items():
        revisions = [one.revision for one in versions]
        if revisions != sorted(set(revisions)):
            yield f"{serial}: revisions came as {revisions}"
        if [one.operation for one in versions].count("i") > 1 or versions[0].operation == "d":
            yield f"{serial}: operations came as {[one.operation for one in versions]}"


def answers(receiver: Receiver) -> list[dict[str, Any]]:
    """Every first answer the receiver gave, as it keeps them."""
    with closing(sqlite3.connect(receiver.log_path)) as log:
        return [json.loads(row[0]) for row in log.execute("SELECT body FROM answers")]


def refusals(receiver: Receiver) -> list[str]:
    """Record refusals that are our fault: stale revisions, wrong form, revocations of what was never there."""
    codes = Counter(r["code"] for a in answers(receiver) for r in a["results"] if r["status"] == "rejected")
    return [f"refused with {code}, {times} times" for code, times in codes.items() if code not in NO_FAULT]


def leaked(path: Path, secrets: set[str]) -> int:
    """How many of the secrets a file holds, as text or as JSON escapes."""
    content = path.read_bytes()
    return sum(
        any(form in content for form in (secret.encode(), json.dumps(secret)[1:-1].encode())) for secret in secrets
    )
