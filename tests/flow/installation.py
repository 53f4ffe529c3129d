"""Owns one whole installation for a test: the sandbox, a catalog of its own, a home, and the environment of both."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from exchange import flow
from exchange.ledger.balance import LoadBalance, load_balance, newest_loads
from exchange.site import Site
from sandbox.receivers import Receiver
from sandbox.world import World
from schemas.catalog import HOUSE, Catalog

RECEIVERS = ("province", "nation")


def catalog_root(
    root: Path, *, batch: int = 1000, timeout: float = 30, only: str = "*",
    equip: Callable[[Path], None] = lambda _: None,
) -> Path:  # fmt: skip
    """A copy of `departments/` (of the feeds `only` names) and `receivers/` that a test may change.

    Small batches make many deliveries. `equip` gives a receiver another way of taking records.
    """
    shutil.copytree(HOUSE / "receivers", root / "receivers")
    equip(root)
    for path in HOUSE.glob(f"departments/{only}.yaml" if "/" in only else "departments/*/*.yaml"):
        target = root / path.relative_to(HOUSE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
        shutil.copy(path.with_name("department.yaml"), target.parent)
    for code in RECEIVERS:
        edit(root / "receivers" / code / "receiver.yaml", "max_records: 1000", f"max_records: {batch}")
        edit(root / "receivers" / code / "receiver.yaml", "timeout: 30", f"timeout: {timeout:g}")
    return root


def edit(path: Path, old: str, new: str) -> None:
    """Replace words in a YAML file; the words must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} no longer says {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")


@dataclass
class Installation:
    """`home` holds what Guiji keeps, the ledger too unless `ledger` names another place."""

    home: Path
    world: World
    root: Path
    ledger: str = ""

    def env(self) -> dict[str, str]:
        """What a process needs to be this installation."""
        kept = {"GUIJI_HOME": str(self.home), "GUIJI_CATALOG": str(self.root)}
        return self.world.env() | kept | {"GUIJI_LEDGER": self.ledger or f"sqlite:///{self.home / 'ledger.db'}"}

    def site(self) -> Site:
        """Opened anew each time, as a new process would."""
        return Site(self.home, self.env()["GUIJI_LEDGER"], Catalog(self.root))

    def run(self, feed: str) -> None:
        """The whole flow of one feed tonight, in this process."""
        flow.run(self.site(), feed, self.day)

    @property
    def day(self) -> date:
        return self.world.business_date()

    def receiver(self, code: str) -> Receiver:
        return self.world.province if code == "province" else self.world.nation

    def balance(self, feed: str) -> LoadBalance:
        """Of the feed's newest load; raises BalanceBroken when it does not add up."""
        site = self.site()
        found = load_balance(site.ledger, newest_loads(site.ledger)[feed], RECEIVERS)
        site.ledger.engine.dispose()
        found.check()
        return found
