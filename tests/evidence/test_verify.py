"""T15: what a bundle proves, and that no forgery passes, be it a byte, a swapped part, another key, or our own lie."""

import zipfile
from dataclasses import replace
from io import BytesIO

import pytest

from evidence.bundle import Contents, statement, write_bundle
from evidence.checks import check_container
from evidence.container import pack, unpack
from evidence.proofs import Broken
from evidence.signers import new_file_key
from evidence.verify import check, holds, keys_of, told
from tests.evidence.chain import Chain, contents, head, name, seed
from tests.evidence.forging import against, changed


def test_it_holds(chain, bundle):
    findings = check(bundle, chain.trust)
    assert [finding.holds for finding in findings] == [True] * 11
    assert "6 accepted, 1 rejected" in findings[5].english
    assert "entry 5 of 5 in checkpoint 2" in findings[7].english
    assert list(told(findings, bundle))[-1] == "✓ 证据成立 · the evidence holds"


def test_every_night_holds(chain):
    for number in range(1, 9):
        assert against(chain.bundle(name(number)), chain.trust) == []


def test_made_twice_it_is_the_same_file(chain, bundle):
    assert chain.bundle(name(5)) == bundle
    chain.night(name(9))
    assert chain.bundle(name(5)) == bundle


def test_no_flipped_byte_passes(chain, bundle):
    """Every byte of the file, one bit after another in turn, by the container's check; every 23rd by all of them."""
    passed = []
    for place in range(len(bundle)):
        forged = bytearray(bundle)
        forged[place] ^= 1 << place % 8
        try:
            check_container(unpack(bytes(forged)))
            passed.append(place)
        except Broken:
            pass
        if place % 23 == 0:
            assert against(bytes(forged), chain.trust)
    assert passed == []


@pytest.mark.parametrize("cut", [0, 1, 100, 3000, -1])
def test_no_cut_or_lengthened_file_passes(chain, bundle, cut):
    assert against(bundle[:cut], chain.trust)
    assert against(bundle + b"\0", chain.trust)
    assert against(b"\0" + bundle, chain.trust)


def test_no_changed_file_passes(chain, bundle):
    """Inside an impeccable container: a byte in each file, a file taken out, a file added."""
    for path, data in unpack(bundle).files.items():
        key = path.replace("/", "__").replace(".", "_")
        assert against(changed(bundle, **{key: None}), chain.trust), path
        for place in range(0, len(data), 7):
            forged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            assert against(changed(bundle, **{key: forged}), chain.trust), (path, place)
        assert against(changed(bundle, **{key: data + b"\n"}), chain.trust), path
    assert against(changed(bundle, **{"readme.txt": b"trust me"}), chain.trust)


@pytest.mark.parametrize("part", ["log__proof_json", "log__checkpoint_note", "log__previous_note", "statement_json",
                                  "members_jsonl", "receipts__001_bin", "request_bin"])  # fmt: skip
@pytest.mark.parametrize("other", [4, 6])
def test_no_part_of_another_bundle_passes(chain, bundle, part, other):
    """A neighbour's of the same night (the checkpoint is shared then), and one of the night after."""
    theirs = changed(chain.bundle(name(other)))
    path = next(p for p in unpack(theirs).files if p.replace("/", "__").replace(".", "_") == part)
    mine, swapped = unpack(bundle).files[path], unpack(theirs).files[path]
    assert bool(against(changed(bundle, **{part: swapped}), chain.trust)) == (mine != swapped)


def test_a_replayed_checkpoint(chain, bundle):
    """An older or newer checkpoint, with its own predecessor and all its proofs, in place of the right one."""
    for other in (1, 6):
        theirs = unpack(chain.bundle(name(other))).files
        log = {path: data for path, data in theirs.items() if path.startswith("log/")}
        mine = {path: data for path, data in unpack(bundle).files.items() if not path.startswith("log/")}
        assert any("not in the checkpoint" in words for words in against(pack(mine | log), chain.trust))


def test_a_cut_chain(chain, bundle):
    without = changed(bundle, log__previous_note=None)
    assert "log/previous.note is missing" in against(without, chain.trust)
    first = unpack(chain.bundle(name(1))).files["log/checkpoint.note"]
    third = unpack(chain.bundle(name(6)))
    skipped = pack(third.files | {"log/previous.note": first})
    assert against(skipped, chain.trust) == ["does not follow the one before"]


def test_a_night_that_rewrites_the_one_before(chain, monkeypatch):
    """Somebody with our key, and a writer that does not look, drops an entry of an earlier night and signs on top."""
    monkeypatch.setattr("evidence.checkpoint._check_unchanged", lambda trees, last: None)
    log = chain.log
    honest = log.last
    assert honest is not None
    log.__dict__["entries"] = log.entries[1:]
    state = log.state(name(9), 1, statement(head(name(9)), contents(name(9)), seed(name(9))))
    assert log.append([state, state], chain.signers, "2026-03-05T01:00:00+00:00")
    forged = chain.log
    forged.__dict__["entries"] = [entry for c in forged.checkpoints for entry in c.entries][1:]
    bundle = write_bundle(forged.excerpt(name(9)), contents(name(9)), seed(name(9)))
    assert any("rewrites what the one before held" in words for words in against(bundle, chain.trust))


def test_another_key(chain, bundle, tmp_path):
    """A whole chain, flawless but for its key; and our own without a key to compare."""
    forger = Chain(tmp_path / "forger", [new_file_key(tmp_path / "forger" / "keys")])
    forger.night(name(5))
    said = against(forger.bundle(name(5)), chain.trust)
    assert len(said) == 1
    assert said[0].startswith("the key is not one that is trusted")
    assert against(bundle)[0].startswith("the key was not compared with the published one")
    assert forger.trust[0] in said[0]


def test_a_signature_taken_away_or_added(chain, bundle):
    note = unpack(bundle).files["log/checkpoint.note"]
    text, _, signature = note.rpartition("— ".encode())
    for forged in (
        text,
        note + "— ".encode() + signature,
        text + "— ".encode() + signature.replace(b"guiji", b"other"),
    ):
        assert against(changed(bundle, log__checkpoint_note=forged), chain.trust)


def test_keys_are_handed_over_forwards_only(chain, tmp_path):
    """The old key vouches for the new one. Whoever trusts only the new one does not trust what the old one signs."""
    old, new = chain.signers[0], new_file_key(tmp_path / "keys")
    chain.night(name(9), signers=[old, new])
    chain.night(name(10), signers=[new])
    old_key, new_key = chain.log.checkpoints[3].note.keys
    bundle = chain.bundle(name(10))
    assert against(bundle, [old_key]) == []
    assert "handed over" in check(bundle, [old_key])[-1].english
    assert against(bundle, [new_key]) == []
    assert against(chain.bundle(name(5)), [old_key]) == []  # what was made before still verifies
    chain.night(name(11), signers=[old])  # the old key has leaked
    assert against(chain.bundle(name(11)), [new_key])[0].startswith("the key is not one that is trusted")
    stripped = changed(bundle, log__handovers__00000004_note=None)
    assert against(stripped, [old_key])[0].startswith("the key is not one that is trusted")


def test_a_published_checkpoint(chain, bundle):
    for number, published in enumerate((note.note.digests for note in chain.log.checkpoints), 1):
        for one in published.split():
            wrong = against(bundle, chain.trust, one)
            assert wrong == ([] if number < 3 else ["the published checkpoint is not one of this bundle's"])


def lie(tmp_path, contents_: Contents, name_: str = name(5)) -> list[str]:
    """What is against a bundle that the owner of the key made with care, and wrongly."""
    liar = Chain(tmp_path / "liar", [new_file_key(tmp_path / "liar" / "keys")])
    log = liar.log
    said = statement(head(name_), contents_, seed(name_))
    assert log.append([log.state(name_, 1, said)], liar.signers, "2026-03-02T01:00:00+00:00")
    return against(write_bundle(liar.log.excerpt(name_), contents_, seed(name_)), liar.trust)


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        (name(5), name(6), "speaks of another delivery"),
        ('"count": 7', '"count": 8', "has another count"),
        ('"seq": 4, "status": "accepted"', '"seq": 4, "status": "rejected"', "says otherwise of a record"),
        ('"seq": 6', '"seq": 2', "says otherwise of a record"),
        ("{", "<", "cannot be read"),
    ],
)
def test_a_receipt_that_does_not_say_so(tmp_path, ours, theirs, words):
    told_, data = contents(name(5)).receipts[0]
    forged = data.replace(ours.encode(), theirs.encode(), 1)
    assert forged != data
    said = lie(tmp_path, replace(contents(name(5)), receipts=[(told_, forged)]))
    assert len(said) == 1
    assert words in said[0]


@pytest.mark.parametrize("field", ["key", "revision", "operation"])
def test_a_record_that_is_not_the_line_sent(tmp_path, field):
    good = contents(name(5))
    wrong = {"key": "市监罚〔2026〕99号", "revision": 9, "operation": "revoke"}
    members = [dict(good.members[0], **{field: wrong[field]}), *good.members[1:]]
    said = ["the delivery's key is not made of these contents", "a line of the request is another record"]
    assert lie(tmp_path, replace(good, members=members)) == said


def test_a_record_too_many(tmp_path):
    good = contents(name(5))
    members = [*good.members, dict(good.members[0], position=7)]
    said = lie(tmp_path, Contents(good.request + good.request.split(b"\n")[0] + b"\n", members, good.receipts))
    assert said == ["the delivery's key is not made of these contents", "the receipt has another count"]


@pytest.mark.parametrize("raw", [b"", b"PK\x05\x06" + bytes(18), b"{}" * 100])
def test_what_is_no_bundle(raw):
    findings = check(raw)
    assert not holds(findings)
    assert next(told(findings, raw)) == "报送 delivery ?"


def test_a_compressed_or_doubled_file_is_refused(bundle):
    """No unpacking of what somebody else compressed, and no two files of one name."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("statement.json", b"0" * 10_000)
    assert against(out.getvalue()) == ["a file is compressed"]
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(out := BytesIO(bundle), "a") as archive:
        archive.writestr("statement.json", b"{}")
    assert against(out.getvalue()) == ["two files have one name"]


@pytest.mark.parametrize("hostile", [b"[" * 100_000, b"null", b'{"format": 1}', b"\xff\xfe", b"[]", b'"\\ud800"'])
@pytest.mark.parametrize("part", ["statement_json", "members_jsonl", "log__proof_json", "log__checkpoint_note"])
def test_hostile_contents_are_a_no_and_no_crash(chain, bundle, part, hostile):
    raw = changed(bundle, **{part: hostile})
    findings = check(raw, chain.trust)
    assert not holds(findings)
    assert list(told(findings, raw))


def test_keys_come_as_text_file_or_folder(chain, tmp_path):
    (tmp_path / "one.key").write_text(f"{chain.trust[0]}\n")
    assert keys_of([str(tmp_path / "one.key")]) == keys_of(chain.trust) == chain.trust
    assert keys_of([str(chain.folder / "evidence" / "keys")]) == chain.trust
