"""What a night's report says, as plain data: counts with their denominators, codes and fields, no record values."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, bindparam, text

from evidence.files import EvidenceError
from exchange import days
from exchange.evidence import Evidence
from exchange.holdings import last, offers
from exchange.late import late
from exchange.ledger.balance import LoadBalance, add_up, day_balances, newest_loads
from exchange.ledger.exclusions import RULES
from exchange.report.quality import quality
from exchange.site import Site
from exchange.tickets import overdue, tickets
from schemas.catalog import Feed, Receiver
from schemas.findings import registry
from schemas.standard import RecordType, in_force

TICKETS_SHOWN = 20
UNREGISTERED = {"pulling": "正在拉取 pulling", "landed": "已落地，待处理 landed", "held": "整批扣留 whole batch held"}

FOUND = text(
    "SELECT code, field, COUNT(*) FROM finding WHERE load_id IN :loads GROUP BY code, field ORDER BY 3 DESC, 1, 2"
).bindparams(bindparam("loads", expanding=True))
REJECTED = text("""
SELECT m.code, m.text, COUNT(*) FROM delivery d JOIN delivery_member m ON m.delivery = d.id
WHERE d.load_id IN :loads AND d.receiver = :receiver AND m.outcome = 'rejected' GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
""").bindparams(bindparam("loads", expanding=True))
OPEN_TICKETS = "SELECT COUNT(*) FROM quarantine WHERE feed = :feed AND state = 'held'"
UNKNOWN = (
    "SELECT COUNT(*) FROM delivery WHERE feed = :feed AND receiver = :receiver AND state IN ('unknown', 'refused')"
)

HELD = "SELECT COUNT(*) FROM delivery WHERE feed = :feed AND receiver = :receiver AND state = 'held'"


@dataclass(frozen=True, slots=True)
class Cause:
    """Rows of one load that share a finding."""

    code: str
    severity: str
    title_zh: str
    title_en: str
    remedy_zh: str
    remedy_en: str
    field_zh: str
    field_en: str
    rows: int


def night(site: Site, business_date: date) -> dict[str, Any]:
    """Everything the page and report.json show for one business date."""
    pulled = [name for name in newest_loads(site.ledger, business_date.isoformat()) if name in site.catalog.feeds]
    found = {
        name: day_balances(site.ledger, name, business_date.isoformat(), _receivers(site, name)) for name in pulled
    }
    feeds = [_feed(site, site.catalog.feeds[name], add_up(balances)) for name, balances in found.items() if balances]
    silent = sorted(set(site.catalog.feeds) - {name for name, balances in found.items() if balances})
    return {
        "business_date": business_date.isoformat(),
        "feeds": feeds,
        "silent": silent,
        "whole": sum(feed["whole"] for feed in feeds),
        "expected": len(site.catalog.feeds),
        "checkpoint": _checkpoint(site),
        "written_at": site.ledger.now,
    }


def _checkpoint(site: Site) -> dict[str, Any] | None:
    """The last signed one: whoever keeps this page can tell later whether the log was rewritten."""
    try:
        last = Evidence(site).log.last
    except EvidenceError:
        return {"number": None, "sha256": "", "sm3": ""}
    if last is None:
        return None
    sha256, sm3 = last.digests.split()
    return {"number": last.number, "sha256": sha256, "sm3": sm3}


def _receivers(site: Site, name: str) -> tuple[str, ...]:
    return site.catalog.feeds[name].receivers


def _feed(site: Site, feed: Feed, balance: LoadBalance) -> dict[str, Any]:
    """`balance`: all loads of the date added up."""
    day = days.look(site, feed.name, date.fromisoformat(balance.business_date))
    kind = in_force(feed.mapping["standard"], date.fromisoformat(balance.business_date)).record_types[feed.record_type]
    with site.ledger.read() as connection:
        causes = _causes(connection, balance.loads, kind)
        return {
            "name": feed.name,
            "department_zh": feed.department.name_zh,
            "department_en": feed.department.name_en,
            "type_zh": kind.title_zh,
            "type_en": kind.title_en,
            "standard": f"{kind.standard} {kind.version}",
            "stage": UNREGISTERED.get(balance.state, ""),
            "whole": balance.whole,
            "day": {"state": day.state, "person": day.person, "reason": day.reason, "broken": day.broken},
            "late": [asdict(one) for one in late(site, feed.name)],
            "balance": _numbers(balance),
            "exclusions": [_exclusion(rule, rows) for rule, rows in balance.exclusions.items()],
            "held": [asdict(c) for c in causes if c.severity == "error"],
            "noted": [asdict(c) for c in causes if c.severity == "warning"],
            "tickets": _tickets(site, feed.name),
            "open_tickets": connection.scalar(text(OPEN_TICKETS), {"feed": feed.name}),
            "overdue_tickets": overdue(site, feed.name),
            "receivers": [_receiver(site, connection, balance, r, feed.name) for r in feed.receivers],
            "suite": _suite(site, balance.loads),
            "quality": quality(site, feed, balance, kind, _by_code(causes)),
        }


def _by_code(causes: list[Cause]) -> Counter[str]:
    rows: Counter[str] = Counter()
    for cause in causes:
        rows[cause.code] += cause.rows
    return rows


def _numbers(balance: LoadBalance) -> dict[str, Any]:
    return {name: value for name, value in asdict(balance).items() if name != "receivers"}


def _exclusion(rule: str, rows: int) -> dict[str, Any]:
    """By the name of its rule: ours, or the finding's that withheld it from a receiver."""
    entry = registry().get(rule)
    zh, en = RULES.get(rule) or ((entry.title_zh, entry.title_en) if entry else (rule, rule))
    return {"rule": rule, "title_zh": zh, "title_en": en, "rows": rows}


def _causes(connection: Connection, loads: tuple[int, ...], kind: RecordType) -> list[Cause]:
    found = []
    for code, field, rows in connection.execute(FOUND, {"loads": loads}):
        entry = registry()[code]
        known = kind.at(field)
        found.append(
            Cause(
                code, entry.severity, entry.title_zh, entry.title_en, entry.remedy_zh, entry.remedy_en,
                known.title_zh if known else field, known.title_en if known else field, rows,
            )
        )  # fmt: skip
    return found


def _tickets(site: Site, feed: str) -> list[dict[str, Any]]:
    """The first due come first."""
    return [
        {
            "id": ticket.id,
            "row": ticket.ordinal,
            "since": ticket.term.since.isoformat(),
            "due": ticket.term.words,
            "overdue": ticket.term.overdue,
            "assignee": ticket.assignee or "",
            "codes": sorted({code for code, _ in ticket.codes}),
        }
        for ticket in tickets(site, feed, most=TICKETS_SHOWN)
    ]


def _receiver(site: Site, connection: Connection, balance: LoadBalance, code: str, feed: str) -> dict[str, Any]:
    part = next(r for r in balance.receivers if r.receiver == code)
    said: Sequence[Any] = connection.execute(REJECTED, {"loads": balance.loads, "receiver": code}).all()
    receiver = site.catalog.receivers.get(code)
    return {
        "code": code,
        "name_zh": receiver.name_zh if receiver else code,
        "name_en": receiver.name_en if receiver else code,
        **{name: value for name, value in asdict(part).items() if name not in ("receiver", "withheld")},
        "withheld": [_exclusion(rule, rows) for rule, rows in part.withheld.items()],
        "sent": part.sent,
        "whole": part.whole,
        "unsettled": connection.scalar(text(UNKNOWN), {"feed": feed, "receiver": code}),
        "held": connection.scalar(text(HELD), {"feed": feed, "receiver": code}),
        "compared": _compared(site, receiver, feed),
        "rejections": [{"code": row[0], "text": row[1], "rows": row[2]} for row in said],
    }


def _compared(site: Site, receiver: Receiver | None, feed: str) -> dict[str, Any] | None:
    """None where the receiver does not answer for what it holds; `at` is empty until it was asked."""
    if receiver is None or not offers(receiver):
        return None
    found = last(site, feed, receiver.code)
    return asdict(found) if found else {"at": "", "records": 0, "unread": 0, "differences": 0}


def _suite(site: Site, loads: tuple[int, ...]) -> list[dict[str, Any]]:
    """Of the newest load that was judged; of the base only what something went against."""
    paths = [path for load in loads if (path := site.load_folder(load) / "suite.json").is_file()]
    if not paths:
        return []
    path = paths[-1]
    found = json.loads(path.read_text(encoding="utf-8"))
    results: list[dict[str, Any]] = found.get("expectations", found.get("results", []))
    return [one for one in results if not one.get("base") or one["unexpected"]]
