"""Keys: one master key that wraps data keys, one data key for each landed batch and each load.

    keys/master.json        or the file that GUIJI_MASTER_KEY_FILE names; the only thing here that opens anything
    keys/data/<scope>.json  one data key, wrapped; or, once it is destroyed, the note that it was

Destroying a scope's key makes everything written under it unreadable at once. Whoever makes a key holds `keys/lock`, so
that no key is ever wrapped by a master key that a rotation is about to forget.
"""

import base64
import fcntl
import json
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag

from exchange.ciphertext import SUITES, Suite
from exchange.durable import make_file, make_folder, place_file
from schemas.errors import ConfigurationError, KeyDestroyed, KeyMissing
from schemas.nearest import nearest

MASTER_BYTES = 32
BACKUP = "restore it from where your key backups lie; without it nothing of that scope can be read"


class Keyring:
    """One installation's keys. `master`: where the master key lies when not in the folder."""

    def __init__(self, folder: Path, master: Path | None = None, suite: str = "") -> None:
        self.folder, self.data = folder, folder / "data"
        self.master = master or folder / "master.json"
        self._own = master is None
        self.suite = _suite(suite or "aes-256-gcm", "GUIJI_CIPHER")
        self._opened: dict[str, tuple[Suite, bytes]] = {}

    @classmethod
    def of(cls, home: Path) -> "Keyring":
        """By GUIJI_MASTER_KEY_FILE and GUIJI_CIPHER (aes-256-gcm, sm4-gcm: of keys made from now on)."""
        named = os.environ.get("GUIJI_MASTER_KEY_FILE")
        return cls(home / "keys", Path(named).resolve() if named else None, os.environ.get("GUIJI_CIPHER", ""))

    def key(self, scope: str) -> tuple[Suite, bytes]:
        """A scope's cipher and data key. Raises KeyMissing, KeyDestroyed."""
        if scope not in self._opened:
            path = self._path(scope)
            if not path.is_file():
                raise KeyMissing(f"the key of {scope} is not there", where=_named(path), remedy=BACKUP)
            told = _read(path)
            if told.get("master") not in self._masters()["keys"]:
                told = _read(path)  # a rotation came between the two files
            self._opened[scope] = self._unwrap(told, scope, path)
        return self._opened[scope]

    def make(self, scope: str) -> tuple[Suite, bytes]:
        """A scope's key, made when it has none yet. Raises KeyMissing, KeyDestroyed."""
        if scope not in self._opened and not self._path(scope).is_file():
            with self._locked():
                self._first_master()
                make_file(self._path(scope), self._wrapped(scope, self.suite, os.urandom(self.suite.key_bytes)))
        return self.key(scope)

    def forget(self, scope: str) -> None:
        """Drop the key of what was never kept."""
        self._opened.pop(scope, None)
        self._path(scope).unlink(missing_ok=True)

    def destroy(self, scope: str, at: str) -> bool:
        """Destroy a scope's key and leave a note in its place. False when there is none, or not any more."""
        path = self._path(scope)
        self._opened.pop(scope, None)
        with self._locked():  # a rotation must not wrap it once more
            if not path.is_file() or "key" not in _read(path):
                return False
            with path.open("r+b") as old:
                _put(path, {"scope": scope, "destroyed_at": at})
                old.write(os.urandom(os.fstat(old.fileno()).st_size))  # not on every disk does this reach the old bytes
                os.fsync(old.fileno())
            self._sweep()
        return True

    def scopes(self) -> dict[str, bool]:
        """Every scope that ever had a key → whether it still has it."""
        return {path.stem: "key" in _read(path) for path in sorted(self.data.glob("*.json"))}

    def make_master(self) -> str:
        """Make the master key. Raises ConfigurationError when there is one, KeyMissing when one is lost."""
        with self._locked():
            if self.master.exists():
                raise ConfigurationError("stands there already", where=_named(self.master), remedy="guiji keys rotate")
            return self._new_master()

    def rotate(self) -> int:
        """A new master key; every data key is wrapped by it anew, then the old one is forgotten. Returns how many.

        Stopped halfway, both masters are in the file and everything can be read; the next rotation goes on.
        """
        if not os.access(self.master.parent, os.W_OK):
            raise ConfigurationError(
                "cannot be replaced here", where=_named(self.master), remedy="rotate where its folder can be written"
            )
        with self._locked():
            masters = self._masters()
            fresh = uuid.uuid4().hex
            masters["keys"][fresh] = base64.b64encode(os.urandom(MASTER_BYTES)).decode()
            _put(self.master, masters | {"current": fresh})
            scopes = [scope for scope, alive in self.scopes().items() if alive]
            for scope in scopes:
                path = self._path(scope)
                suite, key = self._unwrap(_read(path), scope, path)
                place_file(path, [self._wrapped(scope, suite, key)], 0o600)
            _put(self.master, {"current": fresh, "keys": {fresh: masters["keys"][fresh]}})
            self._sweep()
            return len(scopes)

    def _sweep(self) -> None:
        """What a process that was killed left half written may hold a key that must be gone."""
        for left in (*self.master.parent.glob(f".{self.master.name}.*.part"), *self.data.glob(".*.part")):
            left.unlink(missing_ok=True)

    def _wrapped(self, scope: str, suite: Suite, key: bytes) -> bytes:
        masters, salt = self._masters(), os.urandom(16)
        sealed = self._wrapper(suite, masters, masters["current"], salt).encrypt(bytes(12), key, scope.encode())
        told = {"scope": scope, "suite": suite.name, "master": masters["current"]}
        return json.dumps(told | {"salt": salt.hex(), "key": sealed.hex()}, indent=1).encode()

    def _unwrap(self, told: dict[str, Any], scope: str, path: Path) -> tuple[Suite, bytes]:
        if "destroyed_at" in told:
            raise KeyDestroyed(
                f"the key of {scope} was destroyed on {told['destroyed_at'][:10]}",
                where=_named(path),
                remedy="nothing brings its records back; the department may still have them",
            )
        masters = self._masters()
        try:
            suite, salt, sealed = SUITES[told["suite"]], bytes.fromhex(told["salt"]), bytes.fromhex(told["key"])
            if told["master"] not in masters["keys"]:
                raise KeyMissing(
                    f"the key of {scope} was wrapped by another master key",
                    where=_named(self.master),
                    remedy=f"put master key {told['master'][:8]}… back there",
                )
            return suite, self._wrapper(suite, masters, told["master"], salt).decrypt(bytes(12), sealed, scope.encode())
        except (InvalidTag, KeyError, ValueError):
            raise KeyMissing(f"the key of {scope} is damaged or another's", where=_named(path), remedy=BACKUP) from None

    def _wrapper(self, suite: Suite, masters: dict[str, Any], name: str, salt: bytes) -> Any:
        """A key used once, for one data key: its salt is fresh, so its nonce may be all zeros."""
        return suite.derive(base64.b64decode(masters["keys"][name]), salt, b"guiji wrap")

    def _masters(self) -> dict[str, Any]:
        if not self.master.is_file():
            raise KeyMissing("the master key is not there", where=_named(self.master), remedy=BACKUP)
        if self.master.stat().st_mode & stat.S_IRWXO:
            raise ConfigurationError("everybody may read the master key", where=_named(self.master), remedy="chmod 600")
        told = _read(self.master)
        if told.get("current") not in told.get("keys", {}):
            raise KeyMissing("holds no master key", where=_named(self.master), remedy=BACKUP)
        return told

    def _first_master(self) -> None:
        """At the first start only, and only in our own folder: a key file that is named must be there."""
        if self.master.exists():
            return
        if not self._own:
            raise KeyMissing(
                "the master key is not there",
                where=f"GUIJI_MASTER_KEY_FILE ({_named(self.master)})",
                remedy="mount or restore it; for a new installation: guiji keys make",
            )
        self._new_master()

    def _new_master(self) -> str:
        if any(self.scopes().values()):
            raise KeyMissing(
                "there are data keys, but their master key is gone",
                where=_named(self.master),
                remedy=BACKUP,
            )
        name = uuid.uuid4().hex
        told = {"current": name, "keys": {name: base64.b64encode(os.urandom(MASTER_BYTES)).decode()}}
        make_file(self.master, json.dumps(told, indent=1).encode())
        return name

    @contextmanager
    def _locked(self) -> Iterator[None]:
        for folder in (self.folder, self.data):
            make_folder(folder, 0o700)  # what is encrypted must never outlive the folder of its keys
        with (self.folder / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _path(self, scope: str) -> Path:
        return self.data / f"{scope}.json"


def _suite(name: str, where: str) -> Suite:
    if name not in SUITES:
        raise ConfigurationError(f"there is no cipher {name}", where=where, remedy=nearest(name, list(SUITES)))
    return SUITES[name]


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_bytes())
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise KeyMissing("is no key file", where=_named(path), remedy=BACKUP)
    return told


def _put(path: Path, told: dict[str, Any]) -> None:
    place_file(path, [json.dumps(told, indent=1).encode()], 0o600)


def _named(path: Path) -> str:
    return "/".join(path.parts[-3:])
