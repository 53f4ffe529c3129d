"""A receiver that takes its records from exchange tables (前置库): rows and their control row in one transaction.

The control row says key, count and digest, and its key comes once: a second send of a delivery changes nothing. The
receiver judges later; its verdicts are read from the status columns until every record has one. What is filed is a
canonical JSON text of these rows, in the form of connectors/receipts.py, with the receiver's own status beside ours.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from connectors.receipts import read_receipt
from connectors.sealed_lines import as_table
from connectors.table_answers import Answers, as_answer
from connectors.table_databases import Database
from connectors.table_fit import Fit
from connectors.table_holdings import Holdings
from connectors.table_layout import ENVELOPE, layout
from connectors.table_servers import database_of
from connectors.verdicts import REFUSED, WAITING, Patience, comes_and_goes, seen_there
from schemas.crash_points import crash_point
from schemas.errors import (
    AwaitingVerdicts,
    ConfigurationError,
    GuijiError,
    ReceiptMismatch,
    ReceiverRefused,
    ReceiverUnreachable,
)
from schemas.exchange import Answer, Receipt, Sealed

SHANGHAI = ZoneInfo("Asia/Shanghai")
DRIVERS = ("sqlite3", "psycopg", "pymysql")


class TableTarget:
    """One receiver. `wait` seconds, in all, one run waits for verdicts."""

    def __init__(self, access: Mapping[str, Any], where: str) -> None:
        self.where, self.layout, self.url = where, layout(access, where), str(access["url"])
        self.kind, self.timeout = database_of(self.url, where), float(access.get("timeout", 30))
        self.answers, self.patience = Answers(self.layout), Patience(float(access.get("wait", 0)))
        self._fits: dict[str, Fit] = {}
        self._holdings: dict[tuple[str, str], Holdings] = {}

    def check(self) -> str:
        with self._database() as database:
            fits = [self._fit(database, record_type) for record_type in self.layout.tables]
        return f"the receiver's database answers: {self.layout.control} and {len(fits)} tables for records"

    def send(self, sealed: Sealed) -> Answer:
        """Raises ReceiverUnreachable; with nothing written, ConfigurationError, ReceiverRefused or ReceiptMismatch."""
        written, answer = False, None
        try:
            with self._database() as database:
                written = self._written(database, sealed)
                answer = self._judged(database, sealed.key)
        except GuijiError:
            if not written:
                raise
        return answer or self._gone(sealed, written)

    def inquire(self, key: str) -> Answer | None:
        """None when neither a control row nor rows of this delivery are there."""
        with self._database() as database:
            return self._judged(database, key)

    def read(self, sealed: Sealed, answer: Answer) -> Receipt:
        """Raises AwaitingVerdicts, ReceiverRefused or ReceiptMismatch."""
        with seen_there():
            return self._read(sealed, answer)

    def _read(self, sealed: Sealed, answer: Answer) -> Receipt:
        said = json.loads(answer.body)
        if said["count"] is None:
            raise ReceiptMismatch(
                "rows of this delivery lie there without their control row",
                where=f"{self.where}: access.tables",
                remedy="ask the receiver's people who took the control row away, and have it put back",
            )
        ours = sealed.key, sealed.record_type, sealed.count, sealed.digest
        if (said["key"], said["record_type"], said["count"], said["digest"]) != ours:
            raise ReceiptMismatch("the control row speaks of other content", where=self.where, remedy="ask them")
        if answer.status == WAITING:
            raise AwaitingVerdicts(
                "the delivery lies there and is not judged yet", where=self.where, remedy="the next run looks again"
            )
        if answer.status == REFUSED:
            raise ReceiverRefused(
                "the control row says that the whole delivery is rejected",
                where=self.where,
                remedy="ask the receiver why; when its people have removed or reset the rows, run again",
            )
        return read_receipt(answer.body, sealed, self.where)

    def holdings(self, question: Mapping[str, str]) -> dict[str, Any]:
        """What the data table holds as accepted, rebuilt line by line; one look for all questions of a run."""
        scope = question.get("record_type", ""), question.get("prefix", "")
        if scope not in self._holdings:
            with self._database() as database:
                fit = self._fit(database, scope[0])
                database.rollback()
                database.snapshot()
                self._holdings[scope] = Holdings.read(database, self.layout, fit, scope[1])
        return self._holdings[scope].answer(question)

    def _written(self, database: Database, sealed: Sealed) -> bool:
        """False: something of it is there already. What is raised before COMMIT leaves nothing behind."""
        try:
            fit, data = self._fit(database, sealed.record_type), as_table(sealed, f"{self.where}: access.tables")
            database.begin()
            if not self._claimed(database, sealed, data):
                return False
            if self.answers.lonely(database, fit.table, sealed.key):
                database.rollback()
                return False
            rows = fit.rows(data, self._beside(sealed, data.num_rows))
            try:
                database.insert(fit.table, rows)
            except Exception as error:
                raise fit.told(database.kind(error), error) from None
            fit.read_back(database, rows, sealed.key)
            crash_point("table.before_commit")
        except Exception as error:
            database.rollback()
            told = self._told(error)
            told.sent = False
            raise told from None
        database.commit()
        crash_point("table.after_commit")
        return True

    def _claimed(self, database: Database, sealed: Sealed, data: pa.Table) -> bool:
        """Put the control row there; False when its key is there already."""
        names = self.layout.of_control
        words = {
            "key": sealed.key, "feed": sealed.feed, "record_type": sealed.record_type, "count": str(sealed.count),
            "digest": sealed.digest, "state": self.layout.new, "time": _now(),
            "fields": ",".join(name for name in data.column_names if name not in ENVELOPE),
        }  # fmt: skip
        row = pa.table({names[word]: pa.array([words[word]], pa.string()) for word in names})
        try:
            database.insert(self.layout.control, row)
        except Exception as error:
            if database.kind(error) != "unique":
                raise
            database.rollback()
            return False
        return True

    def _beside(self, sealed: Sealed, count: int) -> dict[str, pa.Array]:
        """What stands on a data row beside the record: key, place, status, and the receiver's fixed columns."""
        words = {"key": sealed.key, "state": self.layout.new, "time": _now()}
        found = {self.layout.columns["seq"]: pa.array(map(str, range(count)), pa.string())}
        for word, name in self.layout.of_rows.items():
            if word in words:
                found[name] = pa.array([words[word]] * count, pa.string())
        return found | {name: pa.array([text] * count, pa.string()) for name, text in self.layout.fixed.items()}

    def _judged(self, database: Database, key: str) -> Answer | None:
        def once() -> Answer | None:
            database.snapshot()
            answer = self.answers.look(database, key)
            database.rollback()  # the next look is to see what has happened since
            return answer

        return self.patience.look(once)

    def _gone(self, sealed: Sealed, written: bool) -> Answer:
        """COMMIT was answered, and the first look fails or finds nothing: it lay there, that much is known."""
        if not written:
            raise comes_and_goes(self.where)
        said = {"key": sealed.key, "record_type": sealed.record_type, "count": sealed.count, "digest": sealed.digest}
        return as_answer(WAITING, self.layout.control, said)

    def _fit(self, database: Database, record_type: str) -> Fit:
        if record_type not in self._fits:
            self._fits[record_type] = Fit.found(database, self.layout, record_type, self.where)
        return self._fits[record_type]

    @contextmanager
    def _database(self) -> Iterator[Database]:
        """Our own words for whatever a driver says."""
        database: Database | None = None
        try:
            database = self.kind(self.url, self.timeout)
            yield database
        except GuijiError:
            raise
        except Exception as error:
            told = self._told(error)
            told.sent = database is not None
            raise told from None
        finally:
            if database is not None:
                database.close()

    def _told(self, error: Exception) -> GuijiError:
        """Our own words for a driver's; anything else goes up as it is."""
        if isinstance(error, GuijiError):
            return error
        if not type(error).__module__.startswith(DRIVERS):
            raise error
        kind, name = self.kind.kind(error), type(error).__name__
        if kind == "refused":
            return ReceiverRefused(
                f"the receiver's database refused us ({name})",
                where=f"{self.where}: access.url",
                remedy="check user and password, and the rights: SELECT and INSERT on its exchange tables",
            )
        if kind in ("data", "unique"):
            return ConfigurationError(
                f"the control table does not take what is written ({name})",
                where=f"{self.where}: access.control",
                remedy="hold the table against `guiji new tables`",
            )
        said = "is locked" if kind == "busy" else "cannot be reached, or broke off"
        return ReceiverUnreachable(
            f"the receiver's database {said} ({name})", where=self.where, remedy="the next run asks what became of it"
        )


def _now() -> str:
    return f"{datetime.now(SHANGHAI):%Y-%m-%d %H:%M:%S}"
