"""Owns the whole neighbourhood: three departments and two receivers, put into the state of a night, kept on disk."""

import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from sandbox.departments import MarketDepartment, TransportDepartment, WaterDepartment
from sandbox.end import End
from sandbox.generator import Night, business_date, make_night
from sandbox.receivers import Receiver, Witness


class World(End):
    """All five ends in threads of this process. What lives in `state` survives; a second start shows the same night.

    `night` counts from 1; a new world starts on night 1. `seed` and `rows` are fixed when the state is first made.
    `nation` makes another national receiver than the one behind REST; it is given the folder for its state.
    """

    def __init__(
        self, state: Path, seed: int = 7, rows: int = 2000, market_url: str | None = None,
        nation: Callable[[Path], Witness] | None = None,
    ) -> None:  # fmt: skip
        state.mkdir(parents=True, exist_ok=True)
        self.state = state.resolve()
        kept = self._kept()
        self.seed, self.rows, self.night = kept.get("seed", seed), kept.get("rows", rows), kept.get("night", 0)
        self.market = MarketDepartment(self.state / "market.sqlite", market_url)
        self.water = WaterDepartment(self.seed, kept.get("water", 0))
        self.transport = TransportDepartment(self.state / "transport")
        self.province = Receiver("province", self.state, self.seed, kept.get("province", 0))
        self.nation: Any = (
            nation(self.state) if nation else Receiver("nation", self.state, self.seed, kept.get("nation", 0))
        )

    def start(self) -> None:
        """Start all five and show the night the world was left on."""
        for each in self._ends():
            each.start()
        if self.night:
            self._load(self.truth())
        else:
            self.advance_to(1)
        self._keep()

    def stop(self) -> None:
        """Stop all five; the receivers' logs stay."""
        for each in self._ends():
            each.stop()

    def advance_to(self, night: int) -> None:
        """Let the nights pass up to `night`; going back is refused, for what was sent cannot be unsent."""
        if night < self.night:
            raise ValueError(f"the world stands on night {self.night}; it cannot go back to {night}")
        for number in range(self.night + 1, night + 1):
            passing = make_night(number, self.seed, self.rows)
            if number < night:
                self.transport.load(passing)
            else:
                self._load(passing)
        self.night = night
        self._keep()

    def _load(self, night: Night) -> None:
        self.transport.load(night)
        self.market.load(night)
        self.water.load(night)

    def truth(self, night: int | None = None) -> Night:
        """What the generator knows of a night, by default the present one."""
        return make_night(night or self.night, self.seed, self.rows)

    def business_date(self, night: int | None = None) -> date:
        """The date that a night belongs to, by default the present one's."""
        return business_date(night or self.night)

    def env(self) -> dict[str, str]:
        """Every environment variable that the departments' and receivers' YAML name."""
        return {name: value for each in self._ends() for name, value in each.env().items()}

    def _ends(
        self,
    ) -> tuple[MarketDepartment, WaterDepartment, TransportDepartment, Receiver, Witness]:
        return self.market, self.water, self.transport, self.province, self.nation

    def _kept(self) -> dict[str, int]:
        path = self.state / "world.json"
        kept: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        return kept

    def _keep(self) -> None:
        kept = {"seed": self.seed, "rows": self.rows, "night": self.night, "water": self.water.port}
        kept |= {"province": self.province.port, "nation": self.nation.port}
        temporary = self.state / ".world.json.part"
        temporary.write_text(json.dumps(kept))
        os.replace(temporary, self.state / "world.json")
