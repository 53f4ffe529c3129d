"""Reconcile (对账): hold every open load of a feed against the conservation law; close what is whole, and its day."""

from exchange import days
from exchange.ledger.balance import LoadBalance, load_balance
from exchange.ledger.database import Lease
from exchange.ledger.loads import Loads
from exchange.site import Site


def reconcile(site: Site, feed_name: str, lease: Lease) -> list[str]:
    """Close what balances and is whole; returns one plain sentence for each thing that is not done.

    Raises BalanceBroken when the law does not hold: then nothing is closed.
    """
    loads, receivers = Loads(site.ledger), site.catalog.feed(feed_name).receivers
    balances = [load_balance(site.ledger, load.id, receivers) for load in loads.unfinished(feed_name)]
    for balance in balances:
        balance.check()
    for balance in balances:
        if balance.whole:
            loads.close(balance.load_id, lease)
    days.refresh(site, feed_name, lease)
    return [*(point for b in balances if not b.whole for point in _open_points(b)), *_held(site, feed_name)]


def _open_points(balance: LoadBalance) -> list[str]:
    if balance.state == "landed":
        return [f"批次 {balance.load_id} 已落地未处理 (landed, not prepared)"]
    return [f"{r.receiver}: {r.awaiting + r.unsealed} 条未完成 (not settled)" for r in balance.receivers if not r.whole]


def _held(site: Site, feed_name: str) -> list[str]:
    """A batch the gate held stays red until a later load of the feed went through."""
    newest = Loads(site.ledger).newest(feed_name)
    if newest is not None and newest.state == "held":
        return [f"批次 {newest.id} 整批扣留 (batch held): {newest.reason}"]
    return []
