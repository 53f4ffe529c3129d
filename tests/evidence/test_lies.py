"""What is wrong in a bundle although every hash and signature in it is right: the owner of the key made it so."""

import base64
import json
from hashlib import sha256

import pytest

from evidence.bundle import Contents, statement, write_bundle
from evidence.checkpoint import Log
from evidence.container import pack, unpack
from evidence.notes import Note
from evidence.proofs import HASHES, Broken, canonical, digest
from evidence.signers import new_file_key
from evidence.tree import Tree
from exchange.ledger.deliveries import delivery_key
from tests.evidence.chain import Chain, contents, head, name, seed
from tests.evidence.forging import against


@pytest.fixture
def liar(tmp_path) -> Chain:
    return Chain(tmp_path / "liar", [new_file_key(tmp_path / "liar" / "keys")])


def signed(liar: Chain, said: dict[str, object], files: dict[str, bytes]) -> list[str]:
    """What is against `said`, signed in a chain of its own, with these files beside it."""
    log, key = liar.log, str(said["delivery"])
    assert log.append([log.state(key, 1, said)], liar.signers, "2026-03-02T01:00:00+00:00")
    excerpt = Log(log.folder).excerpt(key)
    ours = {
        "statement.json": excerpt.statement,
        "log/checkpoint.note": excerpt.checkpoint.raw,
        "log/proof.json": canonical(excerpt.proof),
    }
    return against(pack(files | ours), liar.trust)


def honest(liar: Chain, delivery: str, given: Contents) -> tuple[dict[str, object], dict[str, bytes]]:
    """The statement on these contents, and the files of its bundle but for the log's."""
    said = statement(head(delivery), given, seed(delivery))
    other = Chain(liar.folder / "other", liar.signers)
    log = other.log
    assert log.append([log.state(delivery, 1, said)], liar.signers, "2026-03-02T01:00:00+00:00")
    made = unpack(write_bundle(Log(log.folder).excerpt(delivery), given, seed(delivery))).files
    return said, {path: data for path, data in made.items() if not path.startswith("log/") and path != "statement.json"}


def test_the_honest_way_holds(liar):
    assert signed(liar, *honest(liar, name(5), contents(name(5)))) == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("format", "guiji-evidence/2", "the format is not known"),
        ("count", 8, "the number of records differs"),
        ("records", "whole", "the records' root differs (sha256)"),
        ("request", {"bytes": 1}, "the request was changed: the length differs"),
        ("request", {"sm3": "0" * 64}, "the request was changed: sm3 differs"),
        ("members", {"sm3": "0" * 64}, "the records' root differs (sm3)"),
        ("receipts", [], "the number of receipts differs"),
    ],
)
def test_a_statement_that_is_not_true(liar, field, value, words):
    said, files = honest(liar, name(5), contents(name(5)))
    said[field] = {**said[field], **value} if isinstance(value, dict) else value  # type: ignore[dict-item]
    assert words in signed(liar, said, files)


def test_a_record_out_of_its_place(liar):
    """Members numbered from 1: each leaf is signed as it stands."""
    good = contents(name(5))
    members = [{**member, "position": number} for number, member in enumerate(good.members, 1)]
    said = signed(liar, *honest(liar, name(5), Contents(good.request, members, good.receipts)))
    assert "a record is out of its place" in said


def test_a_short_salt(liar):
    """Seven leaves of seven records that can be guessed: the tree is right, the salts are one byte long."""
    said, files = honest(liar, name(5), contents(name(5)))
    rows = [json.loads(line) for line in files["members.jsonl"].splitlines()]
    lines = contents(name(5)).lines
    data = [b"\0\7" + canonical(row["member"]) + b"\n" + line for row, line in zip(rows, lines, strict=True)]
    said["members"] = {n: Tree(n, [digest(n, item) for item in data]).root.hex() for n in HASHES}
    files["members.jsonl"] = b"".join(canonical({**row, "salt": "07"}) + b"\n" for row in rows)
    assert signed(liar, said, files) == ["a record is out of its place"]


def test_a_record_sent_along_that_is_no_member(liar):
    """The request has a line more than the members; key and receipt are made over it."""
    good = contents(name(5))
    request = good.request + b'{"cd_id":"x:penalty:y","cd_operation":"i","cd_revision":1}\n'
    rows = [f"{m['key']}\0{m['revision']}\0{m['operation']}".encode() for m in good.members]
    key = delivery_key("province", "p@1", rows, sha256(request).hexdigest())
    told, receipt = good.receipts[0]
    receipt = receipt.replace(name(5).encode(), key.encode())
    said, files = honest(liar, name(5), Contents(good.request, good.members, [(told, receipt)]))
    said |= {"delivery": key, "request": {"bytes": len(request), **{n: digest(n, request).hex() for n in HASHES}}}
    assert signed(liar, said, files | {"request.bin": request}) == ["the request has another number of lines"]


@pytest.mark.parametrize("path", ["statement.json", "members.jsonl", "log/proof.json"])
def test_json_in_another_form(chain, path):
    """The same words with a blank more. The statement's leaf notices, the other two have their one form."""
    files = dict(unpack(chain.bundle(name(5))).files)
    files[path] = files[path].replace(b":", b": ", 1)
    assert f"{path} is not in its one form" in against(pack(files), chain.trust)


def test_an_index_that_only_looks_like_one(chain):
    files = dict(unpack(chain.bundle(name(2))).files)
    proof = json.loads(files["log/proof.json"])
    assert proof["index"] == 1
    files["log/proof.json"] = canonical({**proof, "index": True})
    assert against(pack(files), chain.trust) == ["the index is no whole number"]


def test_a_first_checkpoint_with_one_before(chain):
    files = dict(unpack(chain.bundle(name(1))).files)
    proof = json.loads(files["log/proof.json"])
    with_note = files | {"log/previous.note": files["log/checkpoint.note"]}
    with_proof = files | {"log/proof.json": canonical({**proof, "consistency": {"sha256": ["00" * 32], "sm3": []}})}
    for forged in (with_note, with_proof):
        assert against(pack(forged), chain.trust) == ["the first names an earlier one"]


def test_a_handover_of_another_chain(chain, liar, bundle):
    """Well signed, by keys that nobody trusts: it does no harm, and does not belong there."""
    liar.night(name(1))
    foreign = {"log/handovers/00000001.note": liar.log.checkpoints[0].note.raw}
    later = {"log/handovers/00000003.note": chain.log.checkpoints[2].note.raw}
    for added in (foreign, later):
        forged = pack(unpack(bundle).files | added)
        assert against(forged, chain.trust) == ["a change of keys is of another chain"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("number 2", "number 02", "the checkpoint is not in its form"),
        ("previous ", "previous x", "the checkpoint is not in its form"),
        ("sm3 ", "md5 ", "the checkpoint is not in its form"),
        ("time 2026", "time 2025", "a signature does not hold"),
        ("— guiji/", "— Guiji/", "a signature is not of the key that is named"),
    ],
)
def test_a_note_that_was_touched(chain, bundle, old, new, words):
    files = dict(unpack(bundle).files)
    note = files["log/checkpoint.note"].decode()
    assert old in note
    files["log/checkpoint.note"] = note.replace(old, new, 1).encode()
    assert words in against(pack(files), chain.trust)


def test_base64_of_another_spelling(chain, bundle):
    """The last letter of a signature has two bits that nobody reads: it has one spelling all the same."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    files = dict(unpack(bundle).files)
    note = files["log/checkpoint.note"].decode()
    assert note.endswith("=\n")
    other = note[:-3] + letters[letters.index(note[-3]) ^ 1] + "=\n"
    assert base64.b64decode(other.split(" ")[-1]) == base64.b64decode(note.split(" ")[-1])
    files["log/checkpoint.note"] = other.encode()
    assert against(pack(files), chain.trust) == ["Base64 is not in its one form"] * 2


def test_a_key_named_twice_or_by_a_false_id(liar):
    """A note signed over nonsense about its keys."""
    liar.night(name(1))
    note, (key,) = liar.log.checkpoints[0].note, liar.trust
    name_, identity, material = key.split("+", 2)
    signer = liar.signers[0]
    text = note.raw.decode().split("\n\n")[0] + "\n"
    for lines in ([key, key], [f"{name_}+00000000+{material}"], [f"other+{identity}+{material}"]):
        forged = text.replace(f"key {key}\n", "".join(f"key {line}\n" for line in lines))
        signature = base64.b64encode(bytes.fromhex(identity) + signer.sign(forged.encode())).decode()
        with pytest.raises(Broken):
            Note((forged + "\n" + f"— {name_} {signature}\n" * len(lines)).encode()).check_signatures()
