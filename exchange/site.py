"""One installation: where its files lie, which ledger and catalog it uses, what time it is."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from exchange.durable import make_folder
from exchange.keyring import Keyring
from exchange.landing import LandingStore
from exchange.ledger.database import Ledger
from exchange.vault import Vault
from schemas.catalog import HOUSE, Catalog

PERSONAL = ("landing", "loads", "deliveries", "receipts")
"""What holds records: folders that only their owner may open."""
SHANGHAI = ZoneInfo("Asia/Shanghai")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Site:
    """Everything a step needs besides its ids. `home` holds landing store, loads, deliveries, receipts, reports."""

    home: Path
    ledger_url: str
    catalog: Catalog = field(default_factory=Catalog)
    clock: Callable[[], datetime] = _now

    @classmethod
    def from_environment(cls) -> "Site":
        """GUIJI_HOME (default `var/` of the checkout) and GUIJI_LEDGER (default SQLite in it)."""
        home = Path(os.environ.get("GUIJI_HOME") or HOUSE / "var").resolve()
        return cls(home, os.environ.get("GUIJI_LEDGER") or f"sqlite:///{home / 'ledger.db'}")

    @cached_property
    def ledger(self) -> Ledger:
        for name in PERSONAL:
            make_folder(self.home / name, 0o700)
        return Ledger(self.ledger_url, self.clock)

    @cached_property
    def landing(self) -> LandingStore:
        return LandingStore(self.home / "landing", self.vault)

    @cached_property
    def vault(self) -> Vault:
        """Reads and writes what holds records. Raises ConfigurationError for a cipher that does not exist."""
        return Vault(Keyring.of(self.home))

    @property
    def today(self) -> date:
        return self.clock().astimezone(SHANGHAI).date()

    def load_folder(self, load_id: int) -> Path:
        """Canonical rows, held rows and suite results of one load."""
        return self.home / "loads" / f"{load_id:08d}"

    @staticmethod
    def load_scope(load_id: int) -> str:
        """The key of a load: of its canonical file, its deliveries and their receipts."""
        return f"load-{load_id:08d}"

    def delivery_file(self, key: str) -> Path:
        """The exact request bytes of a sealed delivery."""
        return self.home / "deliveries" / key[:2] / f"{key}.ndjson"

    def receipt_file(self, key: str, attempt: int, digest: str, rung: str = "") -> Path:
        """A receiver's answer, verbatim; several may speak of one attempt. `rung`: of a later answer, which one."""
        said = rung or f"{attempt:03d}"
        return self.home / "receipts" / key[:2] / f"{key}.{said}.{digest[:12]}.http"
