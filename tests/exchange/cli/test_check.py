"""`guiji check`: every mistake in one line that names file, key and remedy; all of them, not the first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exchange.cli.checks import _problems
from schemas.catalog import HOUSE, Catalog

PENALTY = "departments/market/penalty.yaml"
LICENCE = "departments/water/licence.yaml"
PROFILE = "receivers/province/penalty.yaml"
RECEIVER = "receivers/province/receiver.yaml"
# file, what stands there, the mistake, the key the line names, words of the remedy
MISTAKES = {
    "converter": (PENALTY, "as: money", "as: mony", "fine_amount", "money"),
    "field": (PENALTY, "violation_type:", "violation_typ:", "violation_typ", "violation_type"),
    "receiver": (LICENCE, "receivers: [province", "receivers: [provinse", "receivers", "province"),
    "source key": ("departments/market/licence.yaml", "cursor: gxsj", "cursr: gxsj", "source", "cursor"),
    "limit": ("departments/transport/penalty.yaml", "max_held_share", "max_held_shar", "gate", "max_held_share"),
    "schedule": ("departments/transport/licence.yaml", "1 * * *", "1 * *", "schedule", "0 1 * * *"),
    "form": (PROFILE, "as: wan_yuan", "as: wanyuan", "CF_NR_FK", "wan_yuan"),
    "standard": ("departments/water/penalty.yaml", "enforcement", "enforcment", "standard", "enforcement"),
    "signing": (RECEIVER, "scheme: gjgxjhpt", "scheme: gjgx", "signing", "gjgxjhpt"),
    "promise": (RECEIVER, "idempotency: honoured", "idempotency: honord", "promise.idempotency", "honoured"),
    "batch size": (RECEIVER, "max_records: 1000", "max_records: many", "batch.max_records", "1000"),
    "batch key": (RECEIVER, "max_records: 1000", "max_recrds: 1000", "batch", "max_records"),
    "format": (PENALTY, "kind: parquet", "kind: parquett", "format.kind", "parquet"),
    "limit's value": (PENALTY, "max_held_share: 0.2", "max_held_share: lots", "gate.max_held_share", "0.2"),
    "nobody": (PENALTY, "receivers: [province, nation]", "receivers: []", "receivers", "name one"),
    "permission": (PROFILE, "profile:", "provide: {PROTECTED_UNDER_41: x}\nprofile:", "provide", "PROTECTED_UNDER_14"),
    "term": (PENALTY, "receivers:", "correction_days: soon\nreceivers:", "correction_days", "10"),
    "code list": (PENALTY, "code:id_document_type", "code:id_document_typ", "id_type", "id_document_type"),
}
EIGHT = list(MISTAKES)[:1] + list(MISTAKES)[2:9]  # each in another file, or of another kind


def _plant(root: Path, name: str) -> None:
    file, right, wrong, _, _ = MISTAKES[name]
    text = (root / file).read_text(encoding="utf-8")
    assert right in text
    (root / file).write_text(text.replace(right, wrong, 1), encoding="utf-8")


def test_our_own_catalog_passes(guiji: Callable[..., Any]) -> None:
    said = guiji("check")

    assert (said.status, said.err) == (0, "")
    ours = Catalog(HOUSE)
    assert said.out == f"✓ {len(ours.feeds)} 个数据源 feeds · {len(ours.receivers)} 个接收方 receivers\n"


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_one_mistake_is_one_line_with_file_key_and_remedy(name: str, catalog_copy: Path) -> None:
    _plant(catalog_copy, name)
    file, _, _, key, remedy = MISTAKES[name]

    (problem,) = _problems(Catalog(catalog_copy))

    line = str(problem)
    told, _, advice = line.partition("→")
    assert "\n" not in line
    assert file in told
    assert key in told
    assert remedy in advice


def test_all_mistakes_are_told_at_once(catalog_copy: Path, guiji: Callable[..., Any]) -> None:
    for name in EIGHT:
        _plant(catalog_copy, name)

    said = guiji("check", env={"GUIJI_CATALOG": str(catalog_copy)})

    lines = said.err.splitlines()
    assert said.status == 1
    assert len(lines) == len(EIGHT) == 8
    assert all(line.startswith("✗ ") and "→" in line for line in lines)
    for name in EIGHT:
        file, _, _, key, _ = MISTAKES[name]
        assert any(file in line and key in line for line in lines)


def test_a_version_that_is_not_in_force_yet_is_checked_too(guiji: Callable[..., Any], catalog_copy: Path) -> None:
    for version, change, told in (
        ("7.0", "record_types: {penalty: {rename: {}}}", "enforcement/7.0/upgrade.yaml: record_types.penalty: rename"),
        ("7.1", "record_types: {penalty: {rules: [{minProperties: 1}]}}", "enforcement/7.1/penalty.allOf.8: keyword"),
    ):
        own = catalog_copy / "standards" / "enforcement" / version
        own.mkdir(parents=True)
        year = 2090 + int(version[-1])
        (own / "standard.yaml").write_text(f'based_on: "1.1"\nin_force: {{from: {year}-01-01}}\n', encoding="utf-8")
        (own / "upgrade.yaml").write_text(change + "\n", encoding="utf-8")
        said = guiji("check", env={"GUIJI_CATALOG": str(catalog_copy)})
        assert (said.status, said.out) == (1, "")
        assert told in said.err
    assert len(said.err.splitlines()) == 2
