"""Shredding (销毁): a batch and everything made of it becomes unreadable for good, here and in every copy of the files.

The keys are destroyed first, then the files are removed; the ledger keeps what happened to each record, to whom it went
and when, and who destroyed it. Stopped halfway, the same command goes on.
"""

import shutil

from sqlalchemy import text

from exchange.evidence import Evidence
from exchange.ledger.loads import Load, Loads
from exchange.site import Site
from schemas.errors import GuijiError

LOADS = "SELECT id, state FROM load WHERE batch_id = :batch AND feed = :feed ORDER BY id"
TICKETS = "SELECT COUNT(*) FROM quarantine WHERE load_id = :load AND state = 'held'"
WAITING = "SELECT COUNT(*) FROM outbox o JOIN record_version v ON v.id = o.version WHERE v.load_id = :load"
DELIVERIES = "SELECT key, state FROM delivery WHERE load_id = :load"
DONE = ("closed", "abandoned")


def shred(site: Site, load_id: int, reason: str, person: str) -> list[str]:
    """Destroy the batch of a load. Returns the scopes whose keys are gone now.

    Raises GuijiError while anything of it is still to be sent, answered, released or dropped.
    """
    load = Loads(site.ledger).get(load_id)
    if not load.batch_id:
        raise GuijiError(f"load {load_id} never landed", where=load.feed, remedy="there is nothing to destroy")
    loads, deliveries = _settled(site, load)
    Evidence(site).checkpoint()  # afterwards nobody could state what was sent
    lease = site.ledger.take(load.feed)
    with site.ledger.write("shred", lease) as connection:
        site.ledger.note(connection, "batch shredded", f"{load.feed} batch {load.batch_id}", reason, person)
    folder = site.landing.folder(load.feed, load.batch_id)
    scopes = [site.load_scope(number) for number in loads]
    if (folder / "manifest.json").is_file():
        scopes.append(site.landing.batch(load.feed, load.batch_id).scope)
    gone = [scope for scope in scopes if site.vault.keys.destroy(scope, site.ledger.now)]
    for path in (folder, *map(site.load_folder, loads)):
        shutil.rmtree(path, ignore_errors=True)
    for key in deliveries:
        site.delivery_file(key).unlink(missing_ok=True)
        for receipt in site.receipt_file(key, 0, "").parent.glob(f"{key}.*"):
            receipt.unlink()
    return gone


def _settled(site: Site, load: Load) -> tuple[list[int], list[str]]:
    """Every load over the batch, and their deliveries."""
    loads, deliveries = [], []
    with site.ledger.read() as connection:
        for number, state in connection.execute(text(LOADS), {"batch": load.batch_id, "feed": load.feed}).all():
            one = {"load": number}
            sent = connection.execute(text(DELIVERIES), one).all()
            open_points = {
                f"load {number} is {state}": state not in DONE,
                "a delivery is not settled": any(row.state not in ("acked", "arrived", "dropped") for row in sent),
                "held records wait for a person": connection.scalar(text(TICKETS), one),
                "versions wait to be sealed": connection.scalar(text(WAITING), one),
            }
            for words, is_open in open_points.items():
                if is_open:
                    raise GuijiError(f"cannot be destroyed yet: {words}", where=load.feed, remedy="see guiji status")
            loads.append(number)
            deliveries += [row.key for row in sent]
    return loads, deliveries
