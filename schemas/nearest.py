"""What is said of a name that does not exist: which existing name was probably meant."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from schemas.errors import ConfigurationError


def nearest(name: str, known: Sequence[str]) -> str:
    """Plain words for an error's remedy."""
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known: {', '.join(sorted(known)) or 'none'}"


def refuse_unknown_keys(data: Iterable[str], known: set[str], where: str) -> None:
    """Raises ConfigurationError for the first key of a YAML mapping that is not among `known`."""
    for key in data:
        if key not in known:
            raise ConfigurationError(f"{key} is not a key here", where=where, remedy=nearest(str(key), sorted(known)))
