"""The page on adding a version: what it shows works as it is written, in a catalog of one's own."""

import re
from datetime import date
from pathlib import Path

import pytest

from schemas.contract import differences, pair
from schemas.standard import in_force
from schemas.version_files import version_file

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-standard-version.md"


def test_the_example_of_the_page_is_a_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head, upgrade = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    own = tmp_path / "standards" / "enforcement" / "1.2"
    (own / "codes").mkdir(parents=True)
    (own / "standard.yaml").write_text(head, encoding="utf-8")
    (own / "upgrade.yaml").write_text(upgrade, encoding="utf-8")
    kinds = version_file("enforcement", "1.1", "codes/penalty_kind.csv").read_text(encoding="utf-8")
    (own / "codes" / "penalty_kind.csv").write_text(f"{kinds}责令退款,refund,6,,,,,no\n", encoding="utf-8")
    monkeypatch.setenv("GUIJI_CATALOG", str(tmp_path))
    made = in_force("enforcement", date(2027, 1, 1))
    assert (made.version, made.based_on) == ("1.2", "1.1")
    found = {(item.what, item.name) for item in differences(pair("enforcement", "1.1", "1.2"))}
    assert found == {
        ("field_renamed", "remarks"), ("field_added", "channel"), ("field_removed", "party_tax_number"),
        ("limits", "violation_type"), ("code_added", "责令退款"),
    }  # fmt: skip
