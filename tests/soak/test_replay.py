"""A batch of an earlier night enters again: newer versions stand, and what was revoked since stays revoked."""

from pathlib import Path

import pytest

from exchange.cli.looking import status_facts
from tests.flow.processes import FEED, Zygote
from tests.soak.conftest import Standing
from tests.soak.survival import again, copied, look

pytestmark = pytest.mark.slow


def test_what_was_revoked_since_stays_revoked(zygote: Zygote, standing: Standing, tmp_path: Path) -> None:
    with copied(standing(2), tmp_path / "home") as at:
        site = at.site()
        told = status_facts(site, [FEED])[FEED]
        site.ledger.engine.dispose()
        assert isinstance(told, dict)
        assert again(at, zygote) == look(at) == []
        zygote.guiji(at, "replay", str(told["batch_id"]), "--date", at.day.isoformat())
        assert [words for words in look(at) if "not closed" not in words] == []
