"""Where the versions of a standard lie (标准版本文件), from when they hold, and what each is made of.

They lie in `schemas/standards/<name>/<version>/` and, for one's own, in `standards/` of the catalog (GUIJI_CATALOG). A
version ends the day before the next one begins, unless its own `in_force.to` says another day.
"""

import json
import os
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from schemas.catalog import HOUSE
from schemas.delta import NO_CHANGE, Upgrade, apply, explained, parse, rename_links
from schemas.errors import StandardError
from schemas.nearest import refuse_unknown_keys

FOLDER = Path(__file__).parent / "standards"
HEAD_KEYS = {"name", "title_zh", "title_en", "based_on", "in_force"}


@dataclass(frozen=True, slots=True)
class Head:
    """`standard.yaml` of one version."""

    folder: Path
    first: date
    last: date | None
    based_on: str


def versions(name: str) -> list[str]:
    """All versions that have a standard.yaml, oldest first."""
    return sorted(heads(name), key=_order)


def names() -> list[str]:
    """All standards that have a version."""
    return sorted({path.parent.parent.name for root in _roots() for path in root.glob("*/*/standard.yaml")})


def chain(name: str, version: str) -> tuple[Path, ...]:
    """The folders a version is made of, its own first, then those it is based on. Raises StandardError."""
    known = heads(name)
    folders: list[Path] = []
    while version:
        if version not in known or known[version].folder in folders:
            raise StandardError(
                f"based_on {version} leads nowhere",
                where=f"{folders[-1].parent.name}/{folders[-1].name}/standard.yaml" if folders else name,
                remedy=f"use one of: {', '.join(sorted(known))}",
            )
        folders.append(known[version].folder)
        version = known[version].based_on
    return tuple(folders)


def last_day(name: str, version: str) -> date | None:
    """The last day it is in force: as `in_force.to` says; without it, the day before the next version begins."""
    known = heads(name)
    mine = known[version]
    later = [head.first for head in known.values() if head.first > mine.first]
    return mine.last or (min(later) - timedelta(days=1) if later else None)


def version_file(name: str, version: str, path: str, what: str = "") -> Path:
    """A data file of a version, or of the version it is based on. Raises StandardError when there is none."""
    for folder in chain(name, version):
        if (folder / path).is_file():
            return folder / path
    raise StandardError(
        f"{what or path} does not exist",
        where=f"schemas/standards/{name}/{version}/{path.rpartition('/')[0]}".rstrip("/"),
        remedy="add the CSV, or correct x-codes",
    )


def code_list_names(name: str, version: str) -> list[str]:
    """The code lists of one version, those it inherits included."""
    return sorted({path.stem for folder in chain(name, version) for path in folder.glob("codes/*.csv")})


def _order(version: str) -> tuple[tuple[int, str], ...]:
    """1.9 comes before 1.10."""
    return tuple((int(part), "") if part.isdecimal() else (0, part) for part in version.split("."))


def _roots() -> tuple[Path, ...]:
    return FOLDER, Path(os.environ.get("GUIJI_CATALOG") or HOUSE) / "standards"


def heads(name: str) -> dict[str, Head]:
    found: dict[str, Head] = {}
    for root in _roots():
        for path in sorted((root / name).glob("*/standard.yaml")):
            version = path.parent.name
            if version in found:
                raise StandardError(
                    f"version {version} is there twice",
                    where=f"standards/{name}/{version}",
                    remedy="give your own version another name",
                )
            found[version] = _head(path)
    return found


@cache
def _head(path: Path) -> Head:
    where = f"{path.parent.parent.name}/{path.parent.name}/standard.yaml"
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    refuse_unknown_keys(data, HEAD_KEYS, where)
    term = data.get("in_force")
    if not isinstance(term, dict) or not isinstance(term.get("from"), date):
        raise StandardError(
            "from is missing", where=f"{where}: in_force", remedy="write `in_force: {from: YYYY-MM-DD}`"
        )
    return Head(path.parent, term["from"], term.get("to"), str(data.get("based_on") or ""))


@cache
def schemas_of(name: str, folders: tuple[Path, ...]) -> dict[str, dict[str, Any]]:
    """Every record type's schema in the version of `folders[0]`."""
    folder = folders[0]
    own = {
        p.name.removesuffix(".schema.json"): json.loads(p.read_text(encoding="utf-8"))
        for p in folder.glob("*.schema.json")
    }
    if len(folders) == 1:
        return own
    base, upgrade = schemas_of(name, folders[1:]), upgrade_of(folder)
    where = f"{name}/{folder.name}/upgrade.yaml: record_types"
    for key in upgrade.record_types:
        if key not in base:
            raise StandardError("is no record type of the version before", where=f"{where}.{key}")
    changed = {}
    for key, schema in base.items():
        if key in own:
            explained(upgrade.record_types.get(key, NO_CHANGE), schema, own[key], f"{where}.{key}")
            continue
        changed[key] = apply(upgrade.record_types.get(key, NO_CHANGE), schema, f"{where}.{key}")
        changed[key]["$id"] = f"urn:guiji:{name}:{folder.name}:{key}"
        rename_links(changed[key], upgrade)
    return own | changed


@cache
def upgrade_of(folder: Path) -> Upgrade:
    """`upgrade.yaml` of a version; a code list that the version changes must be explained in it."""
    path, where = folder / "upgrade.yaml", f"{folder.parent.name}/{folder.name}/upgrade.yaml"
    if not path.is_file():
        raise StandardError(
            "is missing", where=where, remedy="say what this version changes; docs/adding-a-standard-version.md"
        )
    upgrade = parse(yaml.safe_load(path.read_text(encoding="utf-8")), where)
    for codes in sorted(p.stem for p in folder.glob("codes/*.csv")):
        if codes not in upgrade.code_lists:
            raise StandardError(
                f"code list {codes} is changed and not explained", where=f"{where}: code_lists", remedy="add it there"
            )
    return upgrade
