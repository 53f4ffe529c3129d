"""One field in the versions of a standard (字段沿革): under which name a version knows it, or since when it is there.

A mapping or a profile is one file for all versions. A name of another version is understood in the version of the
load: a renamed field under its other name, a field that comes later as not there yet, one that is gone as gone.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal

from schemas.delta import NO_CHANGE, Change
from schemas.errors import ConfigurationError
from schemas.standard import Field, RecordType, Standard, standard, versions

State = Literal["here", "renamed", "not_yet", "gone"]


@dataclass(frozen=True, slots=True)
class Known:
    """A name that some version uses, seen from one version.

    `name`: what this version calls it, also for a field that is not there yet or gone. `field`: its description, in
    this version or in the one nearest to it. `existing`: the text that `upgrade.yaml` gives records without it, or
    None. `version`: the version that renamed, brought or dropped it; "" when it is simply here.
    """

    state: State
    name: str
    field: Field
    existing: str | None = None
    version: str = ""


def change_of(step: Standard, record_type: str) -> Change:
    """What one step does to one record type."""
    return step.upgrade.record_types.get(record_type, NO_CHANGE)


def fields_of_all_versions(kind: RecordType) -> dict[str, Known]:
    """Every field name that a version of the standard uses for this record type, as the version of `kind` sees it."""
    here = {field.name: Known("here", field.name, field) for field in kind.fields}
    found = dict(here)
    for names in (_before(kind, here), _after(kind, here)):
        for name, known in names:
            found.setdefault(name, known)
    return found


def existing_values(kind: RecordType) -> dict[str, str | None]:
    """The fields that a step up to `kind` brought → the text that records from before it then have, or None."""
    found: dict[str, str | None] = {}
    now = {name: name for name in kind.names}
    for step in _down(kind):
        change = change_of(step, kind.name)
        for name, words in change.added.items():
            if name in now:
                found[now.pop(name)] = _text(words.get("existing"))
        for old, new in change.names.items():
            if new in now:
                now[old] = now.pop(new)
    return found


def same_content_since(kind: RecordType) -> str:
    """The oldest version from which on a record of this type says the same: the same fields, of the same kinds.

    Digests are made under its name: a version that leaves a record type alone makes no new revision of its records.
    """
    since = kind.version
    for step in _down(kind):
        before = standard(kind.standard, step.based_on).record_types.get(kind.name)
        if before is None or _content(before) != _content(kind):
            break
        since = step.based_on
    return since


def _content(kind: RecordType, within: str = "") -> set[tuple[str, str, str]]:
    own = {(within + field.name, field.kind, field.unit) for field in kind.fields}
    return own.union(*(_content(items, f"{within}{name}[].") for name, items in kind.lists.items()))


def steps(standard_name: str, old: str, new: str) -> list[Standard]:
    """The versions one goes through from `old` (not included) up to `new`; empty when `new` is not based on `old`."""
    found: list[Standard] = []
    version = new
    while version and version != old:
        step = standard(standard_name, version)
        found.insert(0, step)
        version = step.based_on
    return found if version == old else []


def in_own_words(spoken: Collection[str], kind: RecordType) -> dict[str, str]:
    """Field names as a file writes them → as the version of `kind` does; not there yet, or gone: left out.

    A name that no version knows stays as it is, and so do two names of one field, to be refused by whoever reads them.
    """
    known = fields_of_all_versions(kind)
    words: dict[str, str] = {}
    for name in spoken:
        place = known.get(name)
        if place is None or (place.state == "renamed" and place.name in spoken):
            words[name] = name
        elif place.state in ("here", "renamed"):
            words[name] = place.name
    return words


def _down(kind: RecordType) -> list[Standard]:
    """The version of `kind` and those it is based on, newest first, the whole folder at the root left out.

    A record type of no filed version (one built in memory) stands alone.
    """
    found: list[Standard] = []
    version = kind.version
    while version in versions(kind.standard) and (step := standard(kind.standard, version)).based_on:
        found.append(step)
        version = step.based_on
    return found


def _before(kind: RecordType, here: dict[str, Known]) -> list[tuple[str, Known]]:
    """Names that earlier versions use."""
    now, found = dict(here), []
    for step in _down(kind):
        change = change_of(step, kind.name)
        for name in change.added:
            now.pop(name, None)
        for old, new in change.names.items():
            if new in now:
                now[old] = _renamed(now.pop(new), step)
                found.append((old, now[old]))
        for name in change.removed:
            field = standard(kind.standard, step.based_on).record_types[kind.name].field(name)
            now[name] = Known("gone", name, field, version=step.version)
            found.append((name, now[name]))
    return found


def _after(kind: RecordType, here: dict[str, Known]) -> list[tuple[str, Known]]:
    """Names that later versions use."""
    now, found = dict(here), []
    for step in _up(kind):
        change = change_of(step, kind.name)
        for old, new in change.names.items():
            now[new] = _renamed(now.pop(old), step)
            found.append((new, now[new]))
        for name, words in change.added.items():
            field = step.record_types[kind.name].field(name)
            now[name] = Known("not_yet", name, field, _text(words.get("existing")), step.version)
            found.append((name, now[name]))
        for name in change.removed:
            now.pop(name, None)
    return found


def _up(kind: RecordType) -> list[Standard]:
    """The later versions that are based on the version of `kind`, in order.

    One that cannot be read is left out: tonight's loads do not need it, and `guiji check` tells of it.
    """
    found: list[Standard] = []
    for version in versions(kind.standard):
        try:
            step = standard(kind.standard, version)
        except ConfigurationError:
            continue
        if step.based_on == (found[-1].version if found else kind.version) and kind.name in step.record_types:
            found.append(step)
    return found


def _renamed(known: Known, step: Standard) -> Known:
    return known if known.state in ("not_yet", "gone") else replace(known, state="renamed", version=step.version)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
