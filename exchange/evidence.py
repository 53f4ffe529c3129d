"""Evidence (存证): what the ledger and the files know of a delivery, given to evidence/, and this installation's keys.

    evidence/                   the log: checkpoints, statements, public keys (evidence/checkpoint.py)
    keys/signing/               who signs (exchange/signing.py)

Members' salts come from the load's own data key: destroyed with it, leaves tell nothing about anybody any more.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, select, text

from evidence.bundle import Contents, statement, write_bundle, write_statement
from evidence.checkpoint import Log
from evidence.files import EvidenceError
from evidence.notes import Note
from evidence.signers import Signer, file_keys, forget, new_file_key
from exchange.ledger.history import verify_chain
from exchange.ledger.tables import event
from exchange.signing import open_signers, programs
from exchange.site import Site
from schemas.errors import ConfigurationError, FileDamaged, KeyDestroyed, KeyMissing, LeaseHeld, Unfinished

# Settled deliveries, and how many words on them there are: receipts, later answers, two persons' decisions.
SETTLED = text("""
SELECT d.key, (SELECT COUNT(*) FROM receipt r WHERE r.delivery_key = d.key)
    + (SELECT COUNT(*) FROM rung g WHERE g.delivery_key = d.key AND g.reached_at IS NOT NULL
        AND g.file_digest IS NOT NULL)
    + (SELECT COUNT(*) FROM proposal p WHERE p.subject = d.key AND p.state = 'done')
FROM delivery d WHERE d.state IN ('acked', 'arrived') ORDER BY d.id
""")
DELIVERY = text("SELECT * FROM delivery WHERE key = :key")
KEYS = text("SELECT key FROM delivery WHERE key LIKE :start ORDER BY key LIMIT 2")
ATTEMPTS = text("SELECT number, intent_at FROM attempt WHERE delivery_key = :key ORDER BY number")
RECEIPTS = text(
    "SELECT attempt, number, status, verdict, filed_at, file_digest FROM receipt WHERE delivery_key = :key ORDER BY id"
)
RUNGS = text(
    "SELECT name, reached_at, file_digest FROM rung WHERE delivery_key = :key AND reached_at IS NOT NULL "
    "AND file_digest IS NOT NULL ORDER BY reached_at, name"
)
DECIDED = text(
    "SELECT action, proposed_by, proposed_at, settled_by, settled_at FROM proposal "
    "WHERE subject = :key AND state = 'done' ORDER BY id"
)
# What was queued again after the receiver sent it back is still what it sent back.
MEMBERS = text(
    "SELECT m.position, v.business_key AS key, v.revision, v.operation, v.digest, "
    "CASE m.outcome WHEN 'returned' THEN 'rejected' ELSE m.outcome END AS outcome, m.code "
    "FROM delivery_member m JOIN record_version v ON v.id = m.version WHERE m.delivery = :id ORDER BY m.position"
)


@dataclass(frozen=True)
class Evidence:
    """One installation's evidence."""

    site: Site

    @property
    def log(self) -> Log:
        """As it is now on the disk."""
        return Log(self.site.home / "evidence")

    @property
    def keys(self) -> Path:
        return self.site.home / "keys" / "signing"

    def checkpoint(self) -> Note | None:
        """Sign a checkpoint over all that was settled, or answered again, since the last. None: there is nothing new.

        What cannot be read is left for the next one, and said afterwards: Unfinished; so is a history that is not what
        the last checkpoint signed. What lies under a destroyed key can no longer be stated. Raises ConfigurationError
        (keys), LeaseHeld.
        """
        with _said():
            log = self.log
            held = {entry.delivery: entry.receipts for entry in log.entries}
            with self.site.ledger.read() as connection:
                new = [(key, count) for key, count in connection.execute(SETTLED) if held.get(key) != count]
            signers, changed = open_signers(self.keys, first=log.last is None), self._history_changed(log.last)
            entries, unread = [], []
            for key, count in new:
                try:
                    entries.append(log.state(key, count, self._statement(key)))
                except KeyDestroyed:
                    continue
                except (KeyMissing, FileDamaged):
                    unread.append(key)
            note = _taken(log.append(entries, signers, self.site.ledger.now, self._history())) if entries else None
        if unread:
            raise Unfinished(
                f"{len(unread)} deliveries could not be read and are in no checkpoint",
                where=unread[0][:12],
                remedy="restore their files or keys from the backup, then guiji checkpoint",
            )
        if changed:
            raise Unfinished(
                f"the history is not what checkpoint {changed} signed: lines were changed or removed",
                where="ledger: event",
                remedy="compare it with the backup",
            )
        return note

    def rotate(self) -> Note:
        """A new Ed25519 key: it and the one before sign a checkpoint, then the old private key is destroyed.

        Where the old key is lost, the new one signs alone, and its public key has to be published anew.
        """
        with _said():
            log = self.log
            old = file_keys(self.keys)
            signers: list[Signer] = [*old, *programs(self.keys), new_file_key(self.keys)]
            note = _taken(log.append([], signers, self.site.ledger.now, self._history()))
            for key in old:
                forget(key)
            return note

    def bundle(self, start: str, show: Collection[str] | None = None) -> tuple[str, bytes]:
        """(key, bundle) of the delivery whose key begins so. `show`: of all records, those with these keys alone.

        When the load's key was destroyed, the bundle holds the statement and its proof and no record. Raises
        Unfinished when there is no such delivery, or no checkpoint holds it yet.
        """
        with _said(), self.site.ledger.read() as connection:
            keys = [row[0] for row in connection.execute(KEYS, {"start": f"{start}%"})] if start.isalnum() else []
            if len(keys) != 1:
                what = "several deliveries begin so" if keys else "there is no such delivery"
                raise Unfinished(what, where=start, remedy="give its key from the report or the receipt")
            key, excerpt = keys[0], self.log.excerpt(keys[0])
            try:
                return key, write_bundle(excerpt, *self._contents(connection, key), show)
            except KeyDestroyed:
                return key, write_statement(excerpt)

    def _history(self) -> str:
        """Number and hash of the history's last line: whoever cuts lines off later is found out by the checkpoint."""
        with self.site.ledger.read() as connection:
            row = connection.execute(select(event.c.id, event.c.hash).order_by(event.c.id.desc()).limit(1)).first()
        return f"{row.id} {row.hash}" if row else ""

    def _history_changed(self, last: Note | None) -> int:
        """The number of the last checkpoint when the line it names is gone or another, or the chain broken; else 0."""
        if last is None or not last.parts["history"]:
            return 0
        number, said = last.parts["history"].split()
        with self.site.ledger.read() as connection:
            found = connection.scalar(select(event.c.hash).where(event.c.id == int(number)))
            broken = verify_chain(connection).broken
        return last.number if found != said or broken is not None else 0

    def _statement(self, key: str) -> dict[str, object]:
        """What the log keeps of a delivery."""
        with self.site.ledger.read() as connection:
            row = connection.execute(DELIVERY, {"key": key}).mappings().one()
            attempts = [dict(attempt) for attempt in connection.execute(ATTEMPTS, {"key": key}).mappings()]
            decided = [dict(decision) for decision in connection.execute(DECIDED, {"key": key}).mappings()]
            contents, seed = self._contents(connection, key)
        receiver = self.site.catalog.receivers.get(row["receiver"])
        head = {name: row[name] for name in ("receiver", "feed", "profile", "sequence", "sealed_at")}
        method = str(receiver.access["method"]) if receiver else "unknown"
        head |= {"delivery": key, "method": method, "attempts": attempts, "decided": decided}
        return statement(head, contents, seed)

    def _contents(self, connection: Connection, key: str) -> tuple[Contents, bytes]:
        """What was sent and what came back, and the secret of the members' salts."""
        row = connection.execute(DELIVERY, {"key": key}).mappings().one()
        seed = self._seed(key, row["load_id"])  # first: of what was destroyed no file is left either
        request = self._read(self.site.delivery_file(key), row["load_id"], row["body_digest"])
        members = [dict(member) for member in connection.execute(MEMBERS, {"id": row["id"]}).mappings()]
        receipts = []
        for receipt in connection.execute(RECEIPTS, {"key": key}).mappings():
            path = self.site.receipt_file(key, receipt["attempt"], receipt["file_digest"])
            said = {name: receipt[name] for name in ("attempt", "number", "status", "verdict", "filed_at")}
            receipts.append((said, self._read(path, row["load_id"], receipt["file_digest"])))
        for name, reached_at, file_digest in connection.execute(RUNGS, {"key": key}):
            said = {"attempt": 0, "number": "", "status": 200, "verdict": name, "filed_at": reached_at}
            path = self.site.receipt_file(key, 0, file_digest, name)
            receipts.append((said, self._read(path, row["load_id"], file_digest)))
        return Contents(request, members, receipts), seed

    def _read(self, path: Path, load_id: int, digest: str) -> bytes:
        """The one place that opens what was sent or received."""
        try:
            data = self.site.vault.read(path, self.site.load_scope(load_id))
        except FileNotFoundError:
            raise FileDamaged("is gone", where=path.name, remedy="restore it from the backup") from None
        if sha256(data).hexdigest() != digest:
            raise FileDamaged("is not what the ledger says", where=path.name, remedy="restore it from the backup")
        return data

    def _seed(self, key: str, load_id: int) -> bytes:
        _, secret = self.site.vault.keys.key(self.site.load_scope(load_id))
        return HKDF(hashes.SHA256(), 32, None, b"guiji evidence salts\0" + key.encode()).derive(secret)


def _taken(note: Note | None) -> Note:
    if note is None:
        raise LeaseHeld("another run signed a checkpoint meanwhile", where="evidence", remedy="run it again")
    return note


@contextmanager
def _said() -> Iterator[None]:
    """evidence/ knows none of our errors."""
    try:
        yield
    except EvidenceError as error:
        kind = Unfinished if "checkpoint" in error.remedy and "yet" in error.message else ConfigurationError
        raise kind(error.message, where=error.where, remedy=error.remedy) from None
