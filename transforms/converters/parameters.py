"""The parameters that converters take: what each may say, and the error for one that none of them says."""

from collections.abc import Mapping
from datetime import date

from schemas.errors import ConfigurationError
from schemas.nearest import nearest
from transforms.converters.contract import Converter, Parameter

FIELD = "_field"


def one_of(*words: str) -> Parameter:
    """One of these words. YAML reads a bare yes as true, so the remedy shows the quotes."""
    return Parameter("write " + " or ".join(f'"{word}"' for word in words), words=words)


def _is_day(text: str) -> bool:
    try:
        return bool(date.fromisoformat(text))
    except ValueError:
        return False


YES = one_of("yes")
DAY = Parameter("write a day as 2026-01-31", fits=_is_day)
WORDS = Parameter('write words separated by |, in quotes: "有|真"')
EVERY: Mapping[str, Parameter] = {"traditional": YES, "null_words": WORDS}


def check_parameters(name: str, converter: Converter, given: Mapping[str, object], where: str) -> None:
    """Raises ConfigurationError for the first parameter that the converter called `name` does not take as it stands."""
    by_field = {f"{stem}{FIELD}" for stem, parameter in converter.takes.items() if parameter.sorts}
    for key, value in given.items():
        if key in by_field:
            good, remedy = isinstance(value, str), "write the name of a field that is mapped here"
        elif key in converter.takes:
            good, remedy = _says(converter.takes[key], value), converter.takes[key].remedy
        else:
            known = sorted({*converter.takes, *by_field})
            raise ConfigurationError(f"{key} is no parameter of {name}", where=where, remedy=nearest(key, known))
        if not good:
            raise ConfigurationError(f"{name} cannot take this", where=f"{where}.{key}", remedy=remedy)


def _says(parameter: Parameter, value: object) -> bool:
    """YAML's numbers count as words (1900), its true and its lists do not: they are not what the converter reads."""
    if parameter.words:
        return str(value) in parameter.words
    return isinstance(value, str | date) and parameter.fits(str(value))
