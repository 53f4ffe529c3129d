"""The flow, readable in one screen: pull → land → normalize → validate → seal → deliver → reconcile → report.

Every step is named by ids alone and may be run twice at any time: what is done already is not done again.
Airflow's tasks (dags/), `guiji run` and the tests all call these functions and nothing else.
"""

from collections.abc import Callable
from datetime import date
from functools import partial

from connectors.registry import open_source, open_target
from exchange.deliver import Courier
from exchange.ladder import Ladder
from exchange.ledger.deliveries import Delivery
from exchange.ledger.loads import Load, Loads
from exchange.prepare import prepare
from exchange.reconcile import reconcile
from exchange.seal import Sealer
from exchange.site import Site
from schemas.catalog import expand
from schemas.errors import GuijiError, LeaseHeld, StaleOwner, Unfinished


def pull_and_land(site: Site, feed_name: str, business_date: date) -> int:
    """pull + land: raw bytes into the landing store. Returns the load; a night that landed is not asked again."""
    from exchange.dropped_returns import take_dropped  # it goes through the flow itself

    feed, loads = site.catalog.feed(feed_name), Loads(site.ledger)
    for earlier in loads.unfinished(feed_name):
        if earlier.state == "landed" and earlier.business_date == business_date and earlier.pulled:
            return earlier.id
    returned = take_dropped(site, feed, business_date)
    lease = site.ledger.take(feed_name)
    load_id = loads.open(feed_name, business_date, lease)
    source = open_source(expand(feed.department.access, feed.department.where), feed.source, feed.where)
    with source.pull(loads.window(feed_name, _sweeps(feed.mapping, business_date)).knowing(returned)) as pull:
        batch = site.landing.land(feed_name, pull.parts())
        loads.landed(load_id, batch.id, pull.position, pull.complete, lease)
    return load_id


def normalize_and_validate(site: Site, feed_name: str) -> None:
    """normalize + validate + gate + registration, for every landed load of the feed, oldest first."""
    lease = site.ledger.take(feed_name)
    for load in Loads(site.ledger).unfinished(feed_name):
        if load.state == "landed":
            prepare(site, load, lease)


def seal_and_deliver(
    site: Site, feed_name: str, receiver_code: str, told: Callable[[Delivery], None] = lambda _: None
) -> None:
    """seal + deliver: everything one receiver still has to get from this feed; then its later answers."""
    feed, receiver = site.catalog.feed(feed_name), site.catalog.receiver(receiver_code)
    lease = site.ledger.take(f"{feed_name}>{receiver_code}")
    Sealer(site, feed, receiver, lease).run()
    target = open_target(expand(receiver.access, receiver.where), receiver.where, receiver.sheets)
    try:
        Courier(site, feed, receiver, target, lease, told).run()
    finally:
        Ladder(site, feed, receiver, target, lease).chase()


def reconcile_and_report(site: Site, feed_name: str, business_date: date) -> None:
    """reconcile + report: write the report first, then raise Unfinished unless the ledger says all is whole."""
    from exchange.report.nightly import write_report

    lease = site.ledger.take(feed_name)
    try:
        open_points = reconcile(site, feed_name, lease)
    finally:
        write_report(site, business_date)
    if open_points:
        raise Unfinished("；".join(open_points), where=feed_name, remedy="see the report, or guiji status")


def run(site: Site, feed_name: str, business_date: date, on_step: Callable[[str], None] = lambda _: None) -> None:
    """The whole flow of one feed in this process. A failure keeps nobody waiting who can still be served.

    What was sealed on earlier nights goes out although tonight's source is down or its batch is held.
    """
    failures: list[GuijiError] = []

    def attempt(name: str, step: Callable[[], object]) -> None:
        on_step(name)
        try:
            step()
        except (StaleOwner, LeaseHeld):
            raise  # somebody else carries on
        except GuijiError as error:
            failures.append(error)

    attempt("pull", lambda: pull_and_land(site, feed_name, business_date))
    attempt("prepare", lambda: normalize_and_validate(site, feed_name))
    for receiver in site.catalog.feed(feed_name).receivers:
        attempt(f"send {receiver}", partial(seal_and_deliver, site, feed_name, receiver))
    attempt("report", lambda: reconcile_and_report(site, feed_name, business_date))
    if failures:
        raise failures[0]


def replay(site: Site, earlier: Load, business_date: date) -> int:
    """Enter again from the landing store: the source is not asked, and newer versions are not overwritten."""
    lease = site.ledger.take(earlier.feed)
    return Loads(site.ledger).replay(earlier, business_date, lease)


def _sweeps(mapping: dict[str, object], on: date) -> bool:
    source = mapping["source"]
    how = source.get("sweep", "nightly") if isinstance(source, dict) else "nightly"
    return how == "nightly" or (how == "weekly" and on.weekday() == 6)
