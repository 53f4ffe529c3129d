"""Bad files: each is read, twice alike, or refused in our words without its own; soon, and in little memory."""

from collections import Counter
from pathlib import Path
from typing import Any

from tests.soak.figures import tell
from tests.transforms import bad_files
from tests.transforms.trying import tried

SECONDS, MIB = 2 * 2, 256
"""Of processor time, as each file is read twice."""


def ends(folder: Path, cases: bad_files.Cases, what: str) -> dict[str, dict[str, Any]]:
    """Name → what became of it, after all of them were found to be harmless."""
    found = tried(folder, cases)
    assert set(found) == set(cases)
    wrong = {
        name: one
        for name, one in found.items()
        if one["end"] == "crash"
        or one["seconds"] > SECONDS
        or one["mib"] > MIB
        or (one["end"] == "read" and one["said"] != one["again"])
        or (
            one["end"] == "refused"
            and (one["kind"] != "SourceChanged" or one["chain"] != "None" or quotes(one["said"]))
        )
    }
    tell("T13", what, len(cases), len(wrong))
    assert wrong == {}
    return found


def quotes(said: str) -> bool:
    return any(word in said for word in (bad_files.CANARY[:3], bad_files.CANARY[3:9], "换了", "哈哈", "passwd"))


def test_no_entity_of_a_workbook_is_ever_looked_at(tmp_path: Path) -> None:
    found = ends(tmp_path, bad_files.with_doctypes(), "workbooks with entities and DTDs")
    assert Counter(one["end"] for one in found.values()) == {"refused": len(found)}
    assert all("DOCTYPE" in one["said"] for one in found.values())


def test_a_workbook_that_swells_is_refused(tmp_path: Path) -> None:
    found = ends(tmp_path, bad_files.swollen(), "workbooks that swell")
    assert {name for name, one in found.items() if one["end"] == "read"} == {"swollen-deep.xlsx", "swollen-corner.xlsx"}


def test_a_broken_workbook_says_what_it_said_or_nothing(tmp_path: Path) -> None:
    cases = bad_files.broken() | {"sound.xlsx": (bad_files.packed(bad_files.workbook()), {"kind": "xlsx"})}
    found = ends(tmp_path, cases, "broken archives and workbooks")
    sound = found["sound.xlsx"]["said"]
    flipped = [one["said"] for name, one in found.items() if "flipped" in name and one["end"] == "read"]
    assert set(flipped) <= {sound}, "a flipped bit changed a word"
    assert found["broken-encrypted.xlsx"]["end"] == found["broken-crc.xlsx"]["end"] == "refused"


def test_bytes_in_no_encoding_and_tables_in_no_form(tmp_path: Path) -> None:
    found = ends(tmp_path, bad_files.texts(), "encodings, CSV and JSON that are none")
    assert {one["end"] for one in found.values()} == {"read", "refused"}


def test_without_our_look_entities_are_words(tmp_path: Path) -> None:
    """The judge can fail."""
    name = "doctype-inner-1.xlsx"
    assert tried(tmp_path, {name: bad_files.with_doctypes()[name]}, "unguarded")[name]["end"] == "read"
