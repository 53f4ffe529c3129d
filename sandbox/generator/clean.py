"""Owns clean records in neutral names, column by column, before a department's own names, formats and dirt."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from sandbox.generator.names import PERSON, TRADES_BY_DEPARTMENT, Party, Trade, party

Columns = dict[str, list[str | None]]

LONG_TERM = "2099-12-31"
CLASSES = (None, "一般", "轻微", "一般", "严重", None, "一般")  # by serial number; None: the department has not said
FINES = tuple(range(500, 60_001, 500))


def parties(rows: int, rng: Random, first: int) -> list[Party]:
    """One invented party for each row, with about a third of them met twice or more."""
    pool = [party(first + serial, rng) for serial in range(max(1, rows * 2 // 3))]
    return rng.choices(pool, k=rows)


def _party_columns(chosen: Sequence[Party]) -> Columns:
    return {
        "party_name": [one.name for one in chosen],
        "party_category": [one.category for one in chosen],
        "party_credit_code": [one.credit_code for one in chosen],
        "party_registration_number": [one.registration for one in chosen],
        "party_org_code": [one.org_code for one in chosen],
        "party_tax_number": [None] * len(chosen),
        "legal_representative": [one.representative for one in chosen],
        "legal_representative_id_type": ["身份证" if one.representative_id else None for one in chosen],
        "legal_representative_id_number": [one.representative_id for one in chosen],
        "party_id_type": ["身份证" if one.category == PERSON else None for one in chosen],
        "party_id_number": [one.person_id for one in chosen],
    }


def _dates(rows: int, rng: Random, base: date) -> list[date]:
    days = [base - timedelta(days=back) for back in range(60)]
    return rng.choices(days, k=rows)


def _shifted(days: Sequence[date], years: int) -> list[str | None]:
    return [(day + timedelta(days=365 * years)).isoformat() for day in days]


def _authority_columns(rows: int, trade: Trade) -> Columns:
    return {
        "authority_name": [trade.authority] * rows,
        "authority_code": [trade.authority_code] * rows,
        "source_name": [trade.authority] * rows,
        "source_code": [trade.authority_code] * rows,
    }


def _yuan(amount: int | None) -> str | None:
    return None if amount is None else f"{amount}.00"


def _kinds(fine: int | None, confiscated: int | None) -> str:
    parts = ["警告"] if fine is None or fine % 1500 == 0 else []
    parts += ["罚款"] if fine is not None else []
    parts += ["没收违法所得"] if confiscated is not None else []
    return ";".join(parts)


def _content(fine: int | None, confiscated: int | None) -> str:
    parts = [f"罚款人民币{fine}元"] if fine is not None else ["警告"]
    parts += [f"没收违法所得{confiscated}元"] if confiscated is not None else []
    return "责令改正,并处:" + ",".join(parts)


def penalty_columns(department: str, rows: int, rng: Random, base: date, first: int = 0) -> Columns:
    """`rows` clean penalties numbered from `first`; money is text in 元, dates are ISO text."""
    trade = TRADES_BY_DEPARTMENT[department]
    acts = rng.choices(trade.violations, k=rows)
    decided = _dates(rows, rng, base)
    fines = [amount if rng.random() < 0.92 else None for amount in rng.choices(FINES, k=rows)]
    gains = [amount if rng.random() < 0.25 else None for amount in rng.choices(FINES, k=rows)]
    columns = _party_columns(parties(rows, rng, first))
    until = _shifted(decided, 1)
    if department == "market":  # which gives the class as well, and leaves some dates to be computed from it
        until = [None if (first + i) % len(CLASSES) in (1, 4) else day for i, day in enumerate(until)]
    columns |= {
        "decision_number": [f"{trade.prefix}处罚〔{day.year}〕{first + i + 1}号" for i, day in enumerate(decided)],
        "violation_type": [act[0] for act in acts],
        "violation_facts": [f"经查,{act[1]}。" for act in acts],
        "legal_basis": [act[2] for act in acts],
        "penalty_kinds": [_kinds(*pair) for pair in zip(fines, gains, strict=True)],
        "penalty_content": [_content(*pair) for pair in zip(fines, gains, strict=True)],
        "fine_amount": [_yuan(amount) for amount in fines],
        "confiscated_amount": [_yuan(amount) for amount in gains],
        "licence_affected": [None] * rows,
        "decision_date": [day.isoformat() for day in decided],
        "valid_until": _shifted(decided, 1),
        "publicity_until": until,
        "case_number": [f"{trade.prefix}立案{first + i + 1:07d}" for i in range(rows)],
        "inspection_number": [_inspection(first + i) for i in range(rows)],
        "publicity_class": [CLASSES[(first + i) % len(CLASSES)] for i in range(rows)],
        "status": ["有效"] * rows,
        "remarks": [None] * rows,
    }
    return columns | _authority_columns(rows, trade)


def _inspection(serial: int) -> str | None:
    """Most penalties come from an inspection; one in a hundred names one that nobody has reported."""
    if serial % 4 == 3:
        return None
    return f"YNJC{serial + (1 if serial % 100 else 50_000_001):08d}"


def licence_columns(department: str, rows: int, rng: Random, base: date, first: int = 0) -> Columns:
    """`rows` clean licences numbered from `first`."""
    trade = TRADES_BY_DEPARTMENT[department]
    permits = rng.choices(trade.permits, k=rows)
    decided = _dates(rows, rng, base)
    endless = [rng.random() < 0.1 for _ in range(rows)]
    until = _shifted(decided, 5)
    columns = _party_columns(parties(rows, rng, first + 5_000_000))
    columns |= {
        "decision_title": ["准予行政许可决定书"] * rows,
        "decision_number": [f"{trade.prefix}许准〔{day.year}〕{first + i + 1}号" for i, day in enumerate(decided)],
        "licence_category": list(rng.choices(("普通", "普通", "核准", "登记", "特许"), k=rows)),
        "certificate_name": [permit[0] for permit in permits],
        "licence_number": [f"YN{day.year}{first + i + 1:07d}" for i, day in enumerate(decided)],
        "licence_content": [permit[1] for permit in permits],
        "decision_date": [day.isoformat() for day in decided],
        "valid_from": [day.isoformat() for day in decided],
        "valid_until": [LONG_TERM if forever else day for forever, day in zip(endless, until, strict=True)],
        "status": ["有效"] * rows,
        "remarks": [None] * rows,
    }
    return columns | _authority_columns(rows, trade)
