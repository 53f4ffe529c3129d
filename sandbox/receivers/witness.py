"""Owns what every receiver is to the tests: an end with a log on the disk that says what it took in, and faults."""

from contextlib import closing
from pathlib import Path

from sandbox.end import End
from sandbox.receivers.faults import Faults
from sandbox.receivers.log import Applied, Attempt, ReceiverLog


class Witness(End):
    """A receiver, however records come to it; its log lives in a folder of its own and outlives it."""

    code: str
    log_path: Path
    faults: Faults

    @property
    def port(self) -> int:
        """Where it listens, if it does."""
        return 0

    def env(self) -> dict[str, str]:
        """What receiver.yaml names."""
        raise NotImplementedError

    def applied(self) -> list[Applied]:
        """Every record version taken in, read from disk."""
        with closing(ReceiverLog(self.log_path)) as log:
            return log.applied()

    def current(self, record_type: str | None = None) -> dict[str, tuple[int, bytes]]:
        """What the receiver holds now, read from disk: cd_id → (revision, verbatim line)."""
        with closing(ReceiverLog(self.log_path)) as log:
            return log.current(record_type)

    def attempts(self) -> list[Attempt]:
        """Every request that reached it, read from disk."""
        with closing(ReceiverLog(self.log_path)) as log:
            return log.attempts()
