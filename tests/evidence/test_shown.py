"""Bundles that show one record, several or none: what is hidden stays hidden, what is shown is bound."""

import json

from evidence.bundle import statement, write_bundle, write_statement
from evidence.container import unpack
from evidence.proofs import canonical, digest
from evidence.signers import new_file_key
from evidence.verify import check, told
from tests.evidence.chain import KEYS, Chain, contents, head, name, party, seed
from tests.evidence.forging import against, changed


def test_one_record_without_the_others(chain, bundle):
    raw = chain.bundle(name(5), show=[KEYS[2]])
    findings = check(raw, chain.trust)
    assert [finding.holds for finding in findings] == [True, True, None, None, None, None, True, True, True, True, True]
    assert list(told(findings, raw))[-1] == "✓ 所示部分成立 · what is shown holds"
    shown = b"".join(unpack(raw).files.values())
    for position, key in enumerate(KEYS):
        assert (key.encode() in shown) == (position == 2)
        assert (party(5, position).encode() in shown) == (position == 2)
    salts = [json.loads(line).get("salt") for line in unpack(bundle).files["members.jsonl"].splitlines()]
    assert [salt.encode() in shown for salt in salts] == [False, False, True, False, False, False, False]


def test_no_record_at_all_or_several(chain):
    """Leaves alone, to which a record can be shown later; and more than one record at once."""
    none, two = chain.bundle(name(5), show=[]), chain.bundle(name(5), show=KEYS[4:6])
    assert against(none, chain.trust) == against(two, chain.trust) == []
    assert not any(key.encode() in none for key in KEYS)
    assert [key.encode() in two for key in KEYS] == [False] * 4 + [True] * 2 + [False]


def test_what_is_left_when_the_records_are_destroyed(chain, bundle):
    """Counts, digests, times and who answered still hold; no record, no leaf, no salt is in it."""
    raw = write_statement(chain.log.excerpt(name(5)))
    findings = check(raw, chain.trust)
    assert [finding.holds for finding in findings] == [True, True, *[None] * 5, True, True, True, True]
    assert not any(key.encode() in raw for key in KEYS)
    assert against(changed(bundle, members_jsonl=None), chain.trust)
    assert against(changed(raw, statement_json=raw), chain.trust)


def test_another_receiver_or_profile(tmp_path):
    """The receiver confirms a key: it is a digest of who, how, which records and which bytes."""
    for field in ("receiver", "profile"):
        liar = Chain(tmp_path / field, [new_file_key(tmp_path / field / "keys")])
        said = statement({**head(name(5)), field: "other"}, contents(name(5)), seed(name(5)))
        assert liar.log.append([liar.log.state(name(5), 1, said)], liar.signers, "2026-03-02T01:00:00+00:00")
        raw = write_bundle(liar.log.excerpt(name(5)), contents(name(5)), seed(name(5)))
        assert against(raw, liar.trust) == ["the delivery's key is not made of these contents"]


def test_the_shown_record_cannot_be_another(chain):
    raw = chain.bundle(name(5), show=[KEYS[2]])
    lines = unpack(raw).files["members.jsonl"].splitlines()
    row = json.loads(lines[2])
    for forged in (
        {**row, "record": row["record"].replace("某人", "别人")},
        {**row, "member": {**row["member"], "outcome": "rejected"}},
        {**row, "salt": "00" * 16},
        {**row, "salt": row["salt"].upper()},
        {**row, "note": "trust me"},
    ):
        data = b"".join(line + b"\n" for line in [*lines[:2], canonical(forged), *lines[3:]])
        assert against(changed(raw, members_jsonl=data), chain.trust)


def test_a_leaf_cannot_be_guessed(chain, bundle):
    """Who knows everything of a record but its salt cannot tell whether a leaf is that record's."""
    rows = [json.loads(line) for line in unpack(bundle).files["members.jsonl"].splitlines()]
    hidden = unpack(chain.bundle(name(5), show=[KEYS[2]])).files["members.jsonl"].splitlines()
    leaves = {json.loads(line)["sha256"] for at, line in enumerate(hidden) if at != 2}
    lines = contents(name(5)).request.split(b"\n")
    known_salts = [b"", bytes(16), bytes.fromhex(rows[2]["salt"]), bytes.fromhex(name(5))[:16]]
    for row, line in zip(rows, lines, strict=False):
        for salt in known_salts:
            guess = digest("sha256", b"\0" + salt + canonical(row["member"]) + b"\n" + line).hex()
            assert guess not in leaves
    assert len({row["salt"] for row in rows}) == len(rows)
    other = unpack(chain.bundle(name(4))).files["members.jsonl"]
    assert not any(row["salt"].encode() in other for row in rows)
