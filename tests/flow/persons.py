"""Owns the persons that the sandbox planted, and receivers that speak of them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

import sandbox.receivers.intake as intake
from sandbox.generator.layouts import LAYOUTS
from sandbox.generator.names import PERSON
from sandbox.world import World

NUMBERS = ("party_id_number", "legal_representative_id_number")


def persons_of(world: World) -> set[str]:
    """Every identity number, every representative's name, every natural person's name of the nights so far."""
    found: set[str | None] = set()
    for night in range(1, world.night + 1):
        for feed, tonight in world.truth(night).feeds.items():
            columns, category = LAYOUTS[feed].columns, LAYOUTS[feed].writes.get("party_category", str)
            for row in tonight.rows:
                found |= {row[columns[name]] for name in (*NUMBERS, "legal_representative")}
                if row[columns["party_category"]] == category(PERSON):
                    found.add(row[columns["party_name"]])
    return {one for one in found if one and len(one) > 1}


def quote_records(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Receivers refuse every fifth record and quote it: as it is, in escapes, its values one by one, in the code.

    Returns the names of those quoted so far.
    """
    honest, quoted = intake.refusal, list[str]()

    def refusal(code: str, kind: str, record: Mapping[str, Any], *rest: Any) -> tuple[str, str] | None:
        said = honest(code, kind, record, *rest)
        if said or len(record) < 8 or sum(record["cd_id"].encode()) % 5:
            return said
        words = [str(value) for name, value in record.items() if value and not name.startswith("cd_")]
        quoted.append(record["cd_id"])
        tale = "记录有误：" + "，".join(words[:12]) + json.dumps(record, ensure_ascii=len(quoted) % 2 == 0)
        return (words[0][:20] if len(quoted) % 3 == 0 else "4001"), tale

    monkeypatch.setattr(intake, "refusal", refusal)
    return quoted
