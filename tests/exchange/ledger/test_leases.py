"""Owners of one feed are counted, also when the first two come at the same moment; only the last may write."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from schemas.errors import StaleOwner


def test_owners_that_come_at_once_are_numbered_one_by_one(ledger):
    assert ledger.engine
    for name in ("d/penalty", "d/licence", "e/penalty"):
        with ThreadPoolExecutor(4) as pool:
            leases = list(pool.map(lambda _, name=name: ledger.take(name), range(8)))
        assert sorted(lease.epoch for lease in leases) == list(range(1, 9))


def test_only_the_last_owner_writes(ledger):
    first, second = ledger.take("d/penalty"), ledger.take("d/penalty")
    with pytest.raises(StaleOwner), ledger.write("test", first):
        pass
    with ledger.write("test", second):
        pass
