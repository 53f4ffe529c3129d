"""The catalog: what the folders say, and errors that name file, key and remedy."""

import shutil
from pathlib import Path

import pytest

from schemas.catalog import HOUSE, Catalog, expand
from schemas.errors import ConfigurationError, SecretMissing

MAPPING = "departments/market/penalty.yaml"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("departments", "receivers"):
        shutil.copytree(HOUSE / name, tmp_path / name)
    return tmp_path


def test_every_department_has_its_feeds_in_one_order() -> None:
    catalog = Catalog(HOUSE)

    assert list(catalog.feeds) == [f"{d}/{t}" for d in ("market", "transport", "water") for t in ("licence", "penalty")]
    assert catalog.broken() == []
    assert catalog.sound_feeds == catalog.feeds
    feed = catalog.feed("water/penalty")
    assert (feed.dag_id, feed.where) == ("feed_water_penalty", "departments/water/penalty.yaml")
    assert set(feed.receivers) <= set(catalog.receivers)


def test_the_environment_chooses_the_catalog(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(root / "departments" / "water")
    monkeypatch.setenv("GUIJI_CATALOG", str(root))

    assert set(Catalog().departments) == {"market", "transport"}


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("standard: enforcement", "", ": standard"),
        ("record_type: penalty", "record_type: licence", ": record_type"),
        ('schedule: "0 1 * * *"', "schedule: 5", ": schedule"),
        ("receivers: [province, nation]", "receivers: province", ": receivers"),
        ("source:\n", "sources:\n", ": source"),
        ("schedule:", "\tschedule:", "not readable as YAML line 3"),
    ],
)
def test_a_broken_mapping_names_file_key_and_remedy_and_hides_no_other(
    before: str, after: str, key: str, root: Path
) -> None:
    path = root / MAPPING
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    catalog = Catalog(root)

    (error,) = catalog.broken()
    assert str(error).startswith(MAPPING)
    assert key in str(error)
    assert error.remedy
    assert set(catalog.sound_feeds) == set(Catalog(HOUSE).feeds) - {"market/penalty"}


@pytest.mark.parametrize("text", [b"", b"- a list", b"name: \xb9\xfa"])
def test_a_file_without_keys_or_not_utf8_is_told(text: bytes, root: Path) -> None:
    (root / "receivers" / "nation" / "receiver.yaml").write_bytes(text)

    (error,) = Catalog(root).broken()
    assert error.where == "receivers/nation/receiver.yaml"


def test_a_broken_department_is_told_once_not_once_a_feed(root: Path) -> None:
    (root / "departments" / "market" / "department.yaml").write_text("name: only", encoding="utf-8")

    (error,) = Catalog(root).broken()
    assert error.where == "departments/market/department.yaml: name_en"


def test_a_name_that_does_not_exist_is_answered_with_the_nearest() -> None:
    catalog = Catalog(HOUSE)

    with pytest.raises(ConfigurationError, match="did you mean market/penalty"):
        catalog.feed("market/penality")
    with pytest.raises(ConfigurationError, match="did you mean province"):
        catalog.receiver("provinse")


def test_references_are_filled_in_everywhere_and_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUIJI_X", "${GUIJI_Y}")
    given = {"a": ["x-${GUIJI_X}", 3], "b": {"c": "${GUIJI_X}${GUIJI_X}"}, "d": "$GUIJI_X ${lower}"}

    assert expand(given, "f") == {
        "a": ["x-${GUIJI_Y}", 3],
        "b": {"c": "${GUIJI_Y}${GUIJI_Y}"},
        "d": "$GUIJI_X ${lower}",
    }


def test_a_missing_secret_names_file_key_and_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GUIJI_ABSENT", raising=False)

    with pytest.raises(SecretMissing, match=r"^d\.yaml: access: url: .*set the environment variable GUIJI_ABSENT"):
        expand({"access": {"url": "http://${GUIJI_ABSENT}"}}, "d.yaml")
