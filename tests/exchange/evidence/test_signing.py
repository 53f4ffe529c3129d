"""An installation's signing keys: exchanged, lost, and joined by a device that signs by SM2."""

import json
import stat
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from evidence.verify import check, holds
from schemas.errors import ConfigurationError
from tests.evidence.sm2_device import public
from tests.exchange.evidence.asked import keys, trust

PRIVATE = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8  # GB/T 32918.5-2017, annex A


def test_the_key_is_exchanged(site, evidence):
    old, before = trust(evidence), evidence.bundle(keys(site)[0])[1]
    (pem,) = evidence.keys.glob("*.pem")
    assert stat.S_IMODE(pem.stat().st_mode) == 0o600
    evidence.rotate()
    assert not pem.exists()
    with site.ledger.write("test") as connection:
        columns = "delivery_key, attempt, number, status, file_digest, verdict, filed_at"
        again = f"INSERT INTO receipt ({columns}) SELECT {columns} FROM receipt WHERE delivery_key = :key"
        connection.execute(text(again), {"key": keys(site)[0]})
    note = evidence.checkpoint()
    assert note
    assert len(note.keys) == 1
    assert note.keys != tuple(old)
    raw = evidence.bundle(keys(site)[0])[1]
    assert holds(check(before, old))
    assert holds(check(raw, old))  # by the checkpoint that both keys signed
    assert holds(check(raw, note.keys))
    assert "2 receipts" in check(raw, old)[4].english
    assert len(list((evidence.log.folder / "keys").glob("*.key"))) == 2


def test_a_signing_key_that_is_gone_is_not_made_anew_in_silence(site, evidence):
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    next(evidence.keys.glob("*.pem")).unlink()
    with pytest.raises(ConfigurationError) as caught:
        evidence.checkpoint()
    assert "--new-key" in str(caught.value)
    old = trust(evidence)
    evidence.rotate()
    assert evidence.checkpoint()
    raw = evidence.bundle(keys(site, "nation")[0])[1]
    assert not holds(check(raw, old))
    assert holds(check(raw, trust(evidence)))


def test_sm2_beside_ed25519(site, evidence, monkeypatch):
    monkeypatch.chdir(Path(__file__).parents[3])
    command = [sys.executable, "-m", "tests.evidence.sm2_device", f"{PRIVATE:x}", "der"]
    told = {"algorithm": "sm2", "public": public(PRIVATE).hex(), "command": command}
    (evidence.keys / "signer.yaml").write_text(json.dumps(told))
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    old = trust(evidence)
    assert evidence.checkpoint()
    raw = evidence.bundle(keys(site, "nation")[0])[1]
    assert "Ed25519 + SM2" in check(raw, old)[8].chinese
    assert holds(check(raw, old))
    assert holds(check(raw, trust(evidence)[1:]))


@pytest.mark.parametrize("told", ["", "[]", "algorithm: rsa", "{", 'algorithm: sm2\npublic: "04"\ncommand: [x]'])
def test_a_signer_that_is_none(site, evidence, told):
    (evidence.keys / "signer.yaml").write_text(told)
    (evidence.log.folder / "checkpoints" / "00000002.json").unlink()
    with pytest.raises(ConfigurationError) as caught:
        evidence.checkpoint()
    assert caught.value.where == "keys/signing/signer.yaml"
