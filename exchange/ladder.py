"""placeholder."""

from exchange.late import Late
from exchange.site import Site


def late_rungs(site: Site, feed: str) -> list[Late]:
    return []
