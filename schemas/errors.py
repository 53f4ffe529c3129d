"""Errors, sectioned by the one question they answer: try again, or not?

    GuijiError
    ├── Transient            try again later; Airflow retries
    │   ├── SourceUnreachable    a department's system did not answer, or broke off
    │   ├── ReceiverUnreachable  a receiver did not answer; whether it applied anything is unknown
    │   │   └── AwaitingVerdicts     a delivery lies there whole; the receiver has not judged it yet
    │   ├── LocalFailure         this machine's disk, quota, memory or limit of open files failed us
    │   ├── LedgerUnreachable    the ledger's database cannot be reached, or broke off in the middle
    │   ├── LeaseHeld            another run moved the same thing at the same moment
    │   └── StaleOwner           a newer run took the feed over: this one must not write, and may begin anew
    └── Terminal             a person has to act; retrying gives the same again
        ├── ConfigurationError   a YAML file says something that cannot be
        │   ├── UnknownConverter     a mapping names a converter that does not exist
        │   ├── SecretMissing        a ${NAME} in YAML has no value in the environment
        │   └── StandardError        a standard's schema or code list cannot be used
        ├── SourceChanged        the source no longer has the shape its mapping describes
        ├── SourceRefused        the department's system answered: no (rights, signature, address)
        ├── ReceiverRefused      the receiver answered: no, for the whole delivery
        ├── ReceiptMismatch      a receipt does not match what was sent: proves nothing
        ├── BatchHeld            the gate held a whole batch
        ├── KeyMissing           a key that opens our own files is not there, or is not the right one
        ├── KeyDestroyed         a person destroyed the key of these records
        ├── FileDamaged          an encrypted file was changed, cut short or exchanged
        ├── BalanceBroken        the conservation law does not hold: the load is not closed
        └── Unfinished           the run wrote its report, and something is not done

A bad record is never an exception: it is a Finding (see findings.py). No message carries a record's value.
"""


class GuijiError(Exception):
    """Base of all. `where` names file and key (or feed, delivery); `remedy` says what to do, in plain words.

    `sent` is False where not one byte of a delivery can have had an effect when it was raised. `there` is True where a
    delivery was seen at a receiver that knows of it only while it lies there: once gone, it may have been taken.
    """

    sent, there = True, False

    def __init__(self, message: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.message}" if self.where else self.message]
        if self.remedy:
            parts.append(f"→ {self.remedy}")
        return " ".join(parts)


class Transient(GuijiError):
    """Trying again later may succeed."""


class SourceUnreachable(Transient):
    """Raised by connectors when a department's system cannot be reached or breaks off in the middle."""


class ReceiverUnreachable(Transient):
    """Raised by delivery when the outcome of a send is not known; the ledger says UNKNOWN and the next try inquires."""


class AwaitingVerdicts(ReceiverUnreachable):
    """Raised by delivery when a receiver has a delivery, whole and in its place, and has not judged it yet."""

    there = True


class LocalFailure(Transient):
    """Raised at the edge of a program (exchange/trouble.py) when the disk is full or fails, or a limit is reached."""


class LedgerUnreachable(Transient):
    """Raised by the ledger on opening, and at the edge of a program for a statement or COMMIT that got no answer."""


class LeaseHeld(Transient):
    """Raised by the ledger when another live run owns the feed."""


class StaleOwner(Transient):
    """Raised by any ledger write of a run whose epoch is no longer the feed's; a retry takes a new epoch."""


class Terminal(GuijiError):
    """Trying again gives the same; a person is told at once."""


class ConfigurationError(Terminal):
    """Raised by the catalog and the connectors for a YAML that cannot be obeyed."""


class UnknownConverter(ConfigurationError):
    """Raised when a mapping or `guiji convert` names a converter that does not exist."""


class SecretMissing(ConfigurationError):
    """Raised when `${NAME}` in YAML has no value in the environment."""


class StandardError(ConfigurationError):
    """Raised when a standard's schema uses a keyword that is not compiled, or a code list is missing."""


class SourceChanged(Terminal):
    """Raised by normalize when columns the mapping reads are gone."""


class SourceRefused(Terminal):
    """Raised by connectors when the department's system refuses (rights, signature, unknown address)."""


class ReceiverRefused(Terminal):
    """Raised by delivery when a receiver refuses a whole delivery for good."""


class ReceiptMismatch(Terminal):
    """Raised by delivery when a receipt names another key or another count than was sent."""


class BatchHeld(Terminal):
    """Raised by the gate when too much of a batch is wrong: nothing of it is sent."""


class KeyMissing(Terminal):
    """Raised by the keyring when the master key or a data key is gone, damaged or another's."""


class KeyDestroyed(Terminal):
    """Raised by the keyring for records whose key a person destroyed (`guiji batch shred`)."""


class FileDamaged(Terminal):
    """Raised by the vault, before a byte is given out, for a file that is not what was written under its name."""


class BalanceBroken(Terminal):
    """Raised at close when pulled ≠ accepted + rejected + quarantined + excluded + unchanged + duplicate."""


class Unfinished(Terminal):
    """Raised by report, after it has written the report, while any receiver has not got everything."""
