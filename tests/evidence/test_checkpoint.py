"""The log: chained, append-only, safe with two writers, and the same file for the same night."""

import json
import stat

import pytest

from evidence.bundle import statement, write_bundle
from evidence.checkpoint import Log
from evidence.files import EvidenceError
from evidence.proofs import canonical
from evidence.signers import new_file_key
from evidence.verify import check, holds
from tests.evidence.chain import KEYS, Chain, contents, head, name, seed


def test_each_names_the_one_before(chain):
    notes = [checkpoint.note for checkpoint in chain.log.checkpoints]
    assert [note.number for note in notes] == [1, 2, 3]
    assert [note.size for note in notes] == [3, 5, 8]
    assert [note.parts["previous"] for note in notes] == ["none", notes[0].digests, notes[1].digests]
    assert len({note.parts["origin"] for note in notes}) == 1


def test_two_writers_at_once(chain):
    """Both have read the same log; one takes the number, the other must look again."""
    first, second = chain.log, chain.log
    assert len(first.checkpoints) == len(second.checkpoints) == 3
    assert first.append([], chain.signers, "2026-03-05T01:00:00+00:00")
    assert second.append([], chain.signers, "2026-03-05T01:00:01+00:00") is None
    assert len(chain.log.checkpoints) == 4


def test_a_missing_checkpoint_is_noticed(chain):
    (chain.folder / "evidence" / "checkpoints" / "00000002.json").unlink()
    with pytest.raises(EvidenceError) as caught:
        _ = chain.log.checkpoints
    assert "checkpoint 2 is missing" in caught.value.message


def test_our_own_writer_signs_no_rewriting(chain):
    """An entry changed, or a checkpoint replaced, in the folder: nothing is signed on top of it."""
    path = chain.folder / "evidence" / "checkpoints" / "00000002.json"
    good = path.read_bytes()
    told = json.loads(good)
    told["entries"][0][2] = "0" * 64
    path.write_bytes(canonical(told))
    with pytest.raises(EvidenceError, match="not what the last checkpoint holds"):
        chain.night(name(9))
    told["note"] = told["note"].replace("time 2026-03-02", "time 2025-03-02")
    path.write_bytes(canonical(told))
    with pytest.raises(EvidenceError, match="checkpoint 3 does not follow"):
        chain.night(name(9))
    path.write_bytes(good)
    assert chain.night(name(9)).number == 4


@pytest.mark.parametrize("lost", [True, False])
def test_a_statement_that_is_gone_or_changed(chain, lost):
    leaf = next(entry.leaf[0] for entry in chain.log.entries if entry.delivery == name(5))
    path = chain.folder / "evidence" / "statements" / leaf[:2] / f"{leaf}.json"
    path.unlink() if lost else path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(EvidenceError, match="gone or changed"):
        chain.bundle(name(5))


def test_what_no_checkpoint_holds(chain):
    with pytest.raises(EvidenceError, match="no checkpoint holds this delivery yet"):
        chain.log.excerpt(name(9))


def test_a_later_receipt_is_another_entry(chain):
    log, more = chain.log, contents(name(5))
    told, data = more.receipts[0]
    more.receipts.append(({**told, "attempt": 2, "number": "R2"}, data))  # type: ignore[attr-defined]  # a list here
    log.append([log.state(name(5), 2, statement(head(name(5)), more, seed(name(5))))], chain.signers, "2026-03-05T")
    raw = write_bundle(chain.log.excerpt(name(5)), more, seed(name(5)))
    findings = check(raw, chain.trust)
    assert holds(findings)
    assert "2 receipts" in findings[4].english
    with pytest.raises(EvidenceError, match="not what the checkpoint holds"):
        chain.bundle(name(5))  # the earlier contents are no longer what the newest entry says


@pytest.mark.parametrize("part", ["request", "members"])
def test_no_bundle_from_changed_contents(chain, part):
    good = contents(name(5))
    if part == "request":
        object.__setattr__(good, "request", good.request.replace(b"0", b"1", 1))
    else:
        good.members[0]["outcome"] = "rejected"  # type: ignore[index]  # a dict here
    with pytest.raises(EvidenceError, match="not what the checkpoint holds"):
        write_bundle(chain.log.excerpt(name(5)), good, seed(name(5)))


def test_no_bundle_for_a_record_that_is_not_in_it(chain):
    with pytest.raises(EvidenceError, match="no record of this delivery has that key"):
        chain.bundle(name(5), show=[KEYS[1], KEYS[0] + "9"])


def test_statements_are_the_owners_and_keys_are_for_everybody(chain):
    folder = chain.folder / "evidence"
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.glob("statements/*/*")} == {0o600}
    (key,) = (folder / "keys").glob("*.key")
    assert key.read_text().split() == chain.trust
    assert {stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")] if path.is_dir()} == {0o700}
    assert not list(folder.rglob("*.part"))


def test_no_record_lies_in_the_log(chain):
    """What stays when records are destroyed says nothing of them."""
    chain.bundle(name(5))
    kept = b"".join(path.read_bytes() for path in (chain.folder / "evidence").rglob("*") if path.is_file())
    assert not any(key.encode() in kept or json.dumps(key).encode() in kept for key in KEYS)
    assert "某人".encode() not in kept


def test_an_empty_delivery_and_an_empty_first_night(tmp_path):
    made = Chain(tmp_path, [new_file_key(tmp_path / "keys")])
    made.night()
    made.night(name(1))
    assert holds(check(made.bundle(name(1)), made.trust))


def test_the_log_outlives_its_object(chain):
    assert Log(chain.folder / "evidence").entries == chain.log.entries
