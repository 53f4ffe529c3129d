"""What Airflow's tasks call: ids in, ids out, and the error boundary (no record content in a log or an exception).

Imports of the heavy parts happen inside the functions: a DAG file that imports this module stays light.
"""

import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from exchange.trouble import trouble
from schemas.errors import GuijiError, Terminal, Unfinished


@contextmanager
def boundary(what: str) -> Iterator[None]:
    """Let our own errors through, and say which disk or database failed.

    Any other is replaced by its class, place and an incident number, never its text.
    """
    try:
        yield
    except GuijiError:
        raise
    except Exception as error:
        if found := trouble(error):
            raise found from None
        incident = uuid.uuid4().hex[:8]
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        with suppress(OSError):  # a disk may be full just now
            _keep(incident, type(error).__name__, error)
        raise Terminal(
            f"unexpected {type(error).__name__} at {place}, incident {incident}",
            where=what,
            remedy="give this incident number to whoever looks after the installation",
        ) from None


def _keep(incident: str, name: str, error: Exception) -> None:
    """Stack without values, for the engineer; the message itself may carry a record and is not kept."""
    from exchange.site import Site

    folder = Site.from_environment().home / "incidents"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{f.filename}:{f.lineno} in {f.name}" for f in frames]
    (folder / f"{incident}.txt").write_text("\n".join([name, *lines]) + "\n", encoding="utf-8")


def land(feed: str, business_date: str) -> int:
    """pull + land. Returns the load id."""
    with boundary(feed):
        from exchange import flow
        from exchange.site import Site

        return flow.pull_and_land(Site.from_environment(), feed, date.fromisoformat(business_date))


def prepare(feed: str) -> None:
    """normalize + validate + register."""
    with boundary(feed):
        from exchange import flow
        from exchange.site import Site

        flow.normalize_and_validate(Site.from_environment(), feed)


def send(feed: str, receiver: str) -> None:
    """seal + deliver to one receiver."""
    with boundary(f"{feed}>{receiver}"):
        from exchange import flow
        from exchange.site import Site

        flow.seal_and_deliver(Site.from_environment(), feed, receiver)


def report(feed: str) -> None:
    """reconcile + report of the newest load. Raises Unfinished unless everything is whole."""
    with boundary(feed):
        from exchange import flow
        from exchange.ledger.loads import Loads
        from exchange.site import Site

        site = Site.from_environment()
        newest = Loads(site.ledger).newest(feed)
        if newest is None:
            raise Unfinished("nothing was ever pulled", where=feed, remedy="look at the task `land` of this run")
        flow.reconcile_and_report(site, feed, newest.business_date)


def replay(batch: str, business_date: str) -> str:
    """Put a landed batch into the flow again. Returns its feed."""
    with boundary(f"batch {batch[:12]}"):
        from exchange import flow
        from exchange.ledger.loads import Loads
        from exchange.site import Site

        site = Site.from_environment()
        earlier = Loads(site.ledger).of_batch(batch)
        flow.replay(site, earlier, date.fromisoformat(business_date))
        return earlier.feed


def open_feeds() -> list[str]:
    """Feeds with a delivery or a load that is not settled: what the receipts DAG works through."""
    with boundary("receipts"):
        from exchange.ledger.deliveries import Deliveries
        from exchange.site import Site

        return Deliveries(Site.from_environment().ledger).unsettled_feeds()


def settle(feed: str) -> None:
    """Ask every receiver of a feed again for what is open, then reconcile."""
    with boundary(feed):
        from exchange import flow
        from exchange.ledger.loads import Loads
        from exchange.site import Site

        site, failures = Site.from_environment(), []
        for receiver in site.catalog.feed(feed).receivers:
            try:
                flow.seal_and_deliver(site, feed, receiver)
            except GuijiError as error:
                failures.append(error)
        newest = Loads(site.ledger).newest(feed)
        try:
            flow.reconcile_and_report(site, feed, newest.business_date if newest else site.today)
        except Unfinished as unfinished:
            raise (failures[0] if failures else unfinished) from None


def answering() -> list[str]:
    """Receivers that answer for what they hold."""
    with boundary("holdings"):
        from exchange import holdings
        from exchange.site import Site

        return holdings.answering(Site.from_environment())


def compare(receiver: str) -> None:
    """Compare what a receiver holds with its receipts, and show it in the report. Raises Unfinished when it differs."""
    with boundary(f"holdings of {receiver}"):
        from exchange import holdings
        from exchange.site import Site

        site = Site.from_environment()
        try:
            found = holdings.compare(site, receiver)
        finally:
            holdings.show(site, receiver)
        if wrong := [one for one in found if one.differences]:
            count = sum(len(one.differences) for one in wrong)
            raise Unfinished(
                f"{count} records differ, in {', '.join(one.feed for one in wrong)}",
                where=receiver,
                remedy=f"see them: guiji reconcile {receiver}",
            )


def checkpoint() -> None:
    """Sign what was answered since the last checkpoint."""
    with boundary("checkpoint"):
        from exchange.evidence import Evidence
        from exchange.site import Site

        Evidence(Site.from_environment()).checkpoint()
