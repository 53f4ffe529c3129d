"""A log of three nights, and a bundle of the second."""

from pathlib import Path

import pytest

from evidence.signers import new_file_key
from tests.evidence.chain import Chain, name


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    """Three nights of 3, 2 and 3 deliveries, all under one key."""
    made = Chain(tmp_path, [new_file_key(tmp_path / "keys")])
    made.night(name(1), name(2), name(3))
    made.night(name(4), name(5))
    made.night(name(6), name(7), name(8))
    return made


@pytest.fixture
def bundle(chain: Chain) -> bytes:
    """Of the second night's second delivery."""
    return chain.bundle(name(5))
