"""The catalog: reads `departments/` and `receivers/` and answers which feeds exist and who receives them.

Data only: nothing is connected to here, and `${NAME}` is expanded only when a connection is opened, so that a
catalog can be read (and DAGs parsed) without any secret at hand.
"""

import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import yaml

from schemas.errors import ConfigurationError, SecretMissing
from schemas.nearest import nearest

REFERENCE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
TABLE = ".schema.json"
HOUSE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Department:
    """Who supplies records and how its system is reached."""

    code: str
    name_zh: str
    name_en: str
    credit_code: str
    region: str
    access: dict[str, Any]
    where: str
    correction_days: Any = None  # working days for a ticket, as written; exchange.terms reads it


@dataclass(frozen=True)
class Feed:
    """Department × record type: the unit of schedule, state and report. `mapping` is the YAML as read."""

    department: Department
    record_type: str
    mapping: dict[str, Any]
    where: str

    @property
    def name(self) -> str:
        return f"{self.department.code}/{self.record_type}"

    @property
    def dag_id(self) -> str:
        """Airflow's name for it; history hangs on it, so it never changes."""
        return f"feed_{self.department.code}_{self.record_type}"

    @property
    def receivers(self) -> tuple[str, ...]:
        return tuple(self.mapping["receivers"])

    @property
    def source(self) -> dict[str, Any]:
        """Where its records are, and the entries of their lists (`children`)."""
        source: dict[str, Any] = self.mapping["source"]
        children = self.mapping.get("children") or {}
        return source | {"children": {n: c.get("source", {}) for n, c in children.items()}} if children else source


@dataclass(frozen=True)
class Receiver:
    """Who takes records, what it promises, and one profile per record type.

    `tables`: what it takes, as JSON Schema over what is sent, of the record types for which it said so.
    """

    code: str
    name_zh: str
    name_en: str
    access: dict[str, Any]
    promise: dict[str, Any]
    batch: dict[str, Any]
    profiles: dict[str, dict[str, Any]]
    where: str
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def sheets(self) -> dict[str, Any]:
        """How workbooks for it are laid out, of the record types whose profile says so."""
        return {name: profile["sheets"] for name, profile in self.profiles.items() if "sheets" in profile}


class Catalog:
    """Everything under one root that holds `departments/` and `receivers/`."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or Path(os.environ.get("GUIJI_CATALOG") or HOUSE)

    @cached_property
    def departments(self) -> dict[str, Department]:
        return {
            p.parent.name: _department(p, self.root) for p in sorted(self.root.glob("departments/*/department.yaml"))
        }

    @cached_property
    def feeds(self) -> dict[str, Feed]:
        """All feeds by name, sorted, so that whatever is generated from them comes in one order."""
        found = [f for d in self.departments.values() for f in self._feeds_of(d)]
        return {f.name: f for f in sorted(found, key=lambda f: f.name)}

    @cached_property
    def receivers(self) -> dict[str, Receiver]:
        paths = sorted(self.root.glob("receivers/*/receiver.yaml"))
        return {path.parent.name: _receiver(path, self.root) for path in paths}

    def feed(self, name: str) -> Feed:
        """Raises ConfigurationError with the nearest names when there is no such feed."""
        if name not in self.feeds:
            raise ConfigurationError(
                f"there is no feed {name}", where="departments/", remedy=nearest(name, list(self.feeds))
            )
        return self.feeds[name]

    def receiver(self, code: str) -> Receiver:
        """Raises ConfigurationError with the nearest names when there is no such receiver."""
        if code not in self.receivers:
            raise ConfigurationError(
                f"there is no receiver {code}", where="receivers/", remedy=nearest(code, list(self.receivers))
            )
        return self.receivers[code]

    @cached_property
    def sound_feeds(self) -> dict[str, Feed]:
        """Feeds whose YAML can be read; `broken` tells the others, so that one of them hides nobody."""
        found: list[Feed] = []
        for path in sorted(self.root.glob("departments/*/department.yaml")):
            with suppress(ConfigurationError):
                department = _department(path, self.root)
                for mapping in sorted(path.parent.glob("*.yaml")):
                    if mapping != path:
                        found += _sound(mapping, department, self.root)
        return {f.name: f for f in sorted(found, key=lambda f: f.name)}

    def broken(self) -> list[ConfigurationError]:
        """Every YAML that cannot be read: one broken department must not hide the others."""
        errors: list[ConfigurationError] = []
        for department in sorted(self.root.glob("departments/*/department.yaml")):
            try:
                owner = _department(department, self.root)
            except ConfigurationError as error:
                errors.append(error)
                continue
            for path in sorted(department.parent.glob("*.yaml")):
                if path != department:
                    errors += _error_of(partial(_feed, path, owner, self.root))
        for path in sorted(self.root.glob("receivers/*/receiver.yaml")):
            errors += _error_of(partial(_receiver, path, self.root))
        return errors

    def _feeds_of(self, department: Department) -> list[Feed]:
        folder = self.root / "departments" / department.code
        return [_feed(p, department, self.root) for p in sorted(folder.glob("*.yaml")) if p.name != "department.yaml"]


def _sound(path: Path, department: Department, root: Path) -> list[Feed]:
    try:
        return [_feed(path, department, root)]
    except ConfigurationError:
        return []


def _error_of(read: Callable[[], object]) -> list[ConfigurationError]:
    try:
        read()
    except ConfigurationError as error:
        return [error]
    return []


def expand(value: Any, where: str) -> Any:
    """Replace `${NAME}` by the environment's value, all the way down. Raises SecretMissing naming file and variable."""
    if isinstance(value, dict):
        return {key: expand(item, f"{where}: {key}") for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item, where) for item in value]
    return REFERENCE.sub(lambda match: _from_environment(match[1], where), value) if isinstance(value, str) else value


def _from_environment(name: str, where: str) -> str:
    if name not in os.environ:
        raise SecretMissing(
            f"${{{name}}} has no value", where=where, remedy=f"set the environment variable {name} for this process"
        )
    return os.environ[name]


def _read(path: Path, root: Path) -> dict[str, Any]:
    where = path.relative_to(root).as_posix()
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigurationError(
            f"not readable as YAML{line}", where=where, remedy="check indentation, quotes and colons there"
        ) from None
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("not readable", where=where, remedy="save it as UTF-8 text") from None
    if not isinstance(data, dict):
        raise ConfigurationError("holds no keys", where=where, remedy="see docs/adding-a-department.md")
    return data


def _need(data: dict[str, Any], key: str, where: str, kind: type = str) -> Any:
    if not isinstance(data.get(key), kind):
        raise ConfigurationError(
            f"{key} is missing or not a {kind.__name__}",
            where=f"{where}: {key}",
            remedy=f"write `{key}: …`; docs/adding-a-department.md shows every key",
        )
    return data[key]


def _department(path: Path, root: Path) -> Department:
    data, where = _read(path, root), path.relative_to(root).as_posix()
    text = {key: _need(data, key, where) for key in ("name", "name_en", "credit_code", "region")}
    return Department(
        path.parent.name,
        text["name"],
        text["name_en"],
        text["credit_code"],
        text["region"],
        _need(data, "access", where, dict),
        where,
        data.get("correction_days"),
    )


def _feed(path: Path, department: Department, root: Path) -> Feed:
    data, where = _read(path, root), path.relative_to(root).as_posix()
    for key, kind in (("standard", str), ("record_type", str), ("schedule", str), ("source", dict), ("format", dict)):
        _need(data, key, where, kind)
    _need(data, "fields", where, dict)
    _need(data, "receivers", where, list)
    if data["record_type"] != path.stem:
        raise ConfigurationError(
            f"record_type is {data['record_type']}, the file is {path.name}",
            where=f"{where}: record_type",
            remedy="name the file after its record type",
        )
    return Feed(department, data["record_type"], data, where)


def _receiver(path: Path, root: Path) -> Receiver:
    data, where = _read(path, root), path.relative_to(root).as_posix()
    profiles = {p.stem: _read(p, root) for p in sorted(path.parent.glob("*.yaml")) if p.name != "receiver.yaml"}
    return Receiver(
        path.parent.name,
        _need(data, "name", where),
        _need(data, "name_en", where),
        _need(data, "access", where, dict),
        _need(data, "promise", where, dict),
        data.get("batch", {}),
        profiles,
        where,
        {p.name.removesuffix(TABLE): _table(p, root) for p in sorted(path.parent.glob(f"*{TABLE}"))},
    )


def _table(path: Path, root: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigurationError(
            "is no JSON object", where=path.relative_to(root).as_posix(), remedy="make it again: guiji new receiver"
        )
    return found
