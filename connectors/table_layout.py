"""How a receiver's exchange tables are laid out (前置库的表): names of tables and columns, words of the status column.

Every name that is not in receiver.yaml is ours, and no standard's: gj_key, gj_seq, gj_state and so on. The envelope
(cd_id, cd_operation, cd_source, cd_batch, cd_revision) and the profile's fields keep their own names.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.errors import ConfigurationError
from schemas.nearest import refuse_unknown_keys

KEYS = {"method", "url", "control", "tables", "verdicts", "state", "columns", "fixed", "wait", "timeout"}
NEEDED = {"url", "control", "tables", "state"}
ENVELOPE = ("cd_id", "cd_operation", "cd_source", "cd_batch", "cd_revision")
CONTROL = ("key", "feed", "record_type", "count", "digest", "fields", "state")
JUDGED = ("state", "code", "message")
COLUMNS = ("seq", "time", *CONTROL, *JUDGED)
OPTIONAL = ("time", "fields", "code", "message")
STATES = ("new", "pending", "accepted", "rejected")


@dataclass(frozen=True)
class Layout:
    """`tables`: record type → data table. `verdicts`: a table of its own, or empty: they stand on the data rows.

    `columns`: our word → the column's name, empty where there is none. `words`: a status → pending, accepted, rejected.
    `fixed`: columns of the data table that every row gets with the same text.
    """

    control: str
    tables: Mapping[str, str]
    verdicts: str
    columns: Mapping[str, str]
    new: str
    words: Mapping[str, str]
    fixed: Mapping[str, str]

    def named(self, *words: str) -> dict[str, str]:
        """Of these words of ours, those that have a column, with its name."""
        return {word: self.columns[word] for word in words if self.columns[word]}

    @property
    def of_control(self) -> dict[str, str]:
        return self.named(*CONTROL, "time")

    @property
    def of_rows(self) -> dict[str, str]:
        """What stands on a data row beside the record itself."""
        return self.named("key", "seq", *(() if self.verdicts else JUDGED), "time")

    @property
    def of_verdicts(self) -> dict[str, str]:
        """Where a record's verdict is read, whichever table it stands in."""
        return self.named("key", "seq", *JUDGED)


def layout(access: Mapping[str, Any], where: str) -> Layout:
    """Raises ConfigurationError naming file, key and remedy."""
    at = f"{where}: access"
    refuse_unknown_keys(access, KEYS, at)
    for key in sorted(NEEDED - set(access)):
        raise ConfigurationError(f"{key} is missing", where=at, remedy=f"write `{key}: …`")
    tables = _texts(access["tables"], f"{at}.tables", "{penalty: gj_penalty}")
    columns = {word: "" if word == "time" else f"gj_{word}" for word in COLUMNS}
    columns |= _columns(access.get("columns", {}), f"{at}.columns")
    fixed = _texts(access.get("fixed", {}), f"{at}.fixed", '{SFYD: "0"}')
    new, words = _words(access["state"], f"{at}.state")
    for key in ("wait", "timeout"):
        if not isinstance(access.get(key, 1), int | float) or access.get(key, 1) < 0:
            raise ConfigurationError("is not seconds", where=f"{at}.{key}", remedy="write for example 60")
    found = Layout(str(access["control"]), tables, str(access.get("verdicts") or ""), columns, new, words, fixed)
    _told_apart(found, at)
    return found


def check_fields(found: Layout, fields: Iterable[str], where: str) -> None:
    """Of a profile: none may be a column that we fill or they judge by. Raises ConfigurationError."""
    taken = {name.casefold() for name in (*found.of_rows.values(), *found.fixed)}
    for name in fields:
        if name.casefold() in taken:
            raise ConfigurationError(
                f"the profile's field {name} is also one of access.columns or access.fixed",
                where=where,
                remedy="take it out of one of the two; a status that they write is no field of the record",
            )
        _plain(name, where)


def _plain(name: str, where: str) -> None:
    if "%" in name:  # two of the drivers take it for a place of a parameter
        raise ConfigurationError(f"{name}: no % can be in a name", where=where, remedy="have the column renamed")


def _columns(given: Any, where: str) -> dict[str, str]:
    found = _texts(given, where, "{time: cd_time}")
    refuse_unknown_keys(found, set(COLUMNS), where)
    for word, name in found.items():
        if not name and word not in OPTIONAL:
            raise ConfigurationError("is needed", where=f"{where}.{word}", remedy="give the column's name")
    return found


def _words(given: Any, where: str) -> tuple[str, dict[str, str]]:
    """The status we write, and what each status means; a status of two meanings is refused."""
    if not isinstance(given, dict):
        raise ConfigurationError("holds no keys", where=where, remedy="write new, pending, accepted and rejected")
    refuse_unknown_keys(given, set(STATES), where)
    for key in ("new", "accepted", "rejected"):
        if key not in given:
            raise ConfigurationError(f"{key} is missing", where=where, remedy=f"write the status that means {key}")
    new, found = str(given["new"]), {str(given["new"]): "pending"}
    for meaning in ("pending", "accepted", "rejected"):
        values = given.get(meaning, [])
        for value in map(str, values if isinstance(values, list) else [values]):
            if found.get(value, meaning) != meaning:
                raise ConfigurationError(
                    f"{value} has two meanings", where=f"{where}.{meaning}", remedy="give each status one meaning"
                )
            found[value] = meaning
    return new, found


def _texts(given: Any, where: str, example: str) -> dict[str, str]:
    if not isinstance(given, dict):
        raise ConfigurationError("holds no keys", where=where, remedy=f"write for example {example}")
    return {str(key): "" if value is None else str(value) for key, value in given.items()}


def _told_apart(found: Layout, where: str) -> None:
    """No column twice in a table, no table in two places."""
    tables = [found.control, *found.tables.values(), *([found.verdicts] if found.verdicts else [])]
    rows = [*found.of_rows.values(), *ENVELOPE, *found.fixed]
    for names, key in ((tables, "tables"), (list(found.of_control.values()), "columns"), (rows, "columns")):
        same = [name.casefold() for name in names]
        twice = sorted({name for name in names if same.count(name.casefold()) > 1 or not name})
        if twice:
            raise ConfigurationError(
                f"{twice[0] or 'an empty name'} stands twice", where=f"{where}.{key}", remedy="give it another name"
            )
        for name in names:
            _plain(name, f"{where}.{key}")
