"""Access methods by name: what `access.method` may say, and what each needs."""

from collections.abc import Mapping
from typing import Any

from connectors import file_access, table_layout
from connectors.cursor import overlap
from connectors.signing import check_signing
from schemas.errors import ConfigurationError
from schemas.exchange import Source, Target
from schemas.nearest import nearest, refuse_unknown_keys

NO_SHEETS: Mapping[str, Any] = {}
SWEEPS = ("nightly", "weekly", "never")
# method → (keys of access, keys of source, those that must be there)
SOURCES = {
    "sql": (
        {"method", "url"},
        {"table", "key", "cursor", "overlap", "columns", "sweep", "children"},
        {"url", "table", "key"},
    ),
    "rest": (
        {"method", "url", "signing", "timeout", "ca"},
        {
            "path",
            "service",
            "paging",
            "size",
            "rows",
            "total",
            "next",
            "cursor",
            "key",
            "since",
            "overlap",
            "ok",
            "sweep",
        },
        {"url", "signing", "path", "paging", "rows", "key"},
    ),
    "files": ({"method", "folder"}, {"pattern", "format", "key", "sweep"}, {"folder", "pattern", "format"}),
}
# method → (keys of access, those that must be there)
TARGETS = {
    "rest": ({"method", "url", "signing", "service", "timeout", "ca"}, {"url", "signing", "service"}),
    "table": (table_layout.KEYS, table_layout.NEEDED),
    "files": (file_access.KEYS, file_access.NEEDED),
}


def check_source(access: Mapping[str, Any], source: Mapping[str, Any], where: str) -> None:
    """Keys only, nothing is reached. Raises ConfigurationError naming file, key and remedy."""
    method = _method(access, SOURCES, where)
    of_access, of_source, needed = SOURCES[method]
    refuse_unknown_keys(access, of_access, f"{where}: access")
    refuse_unknown_keys(source, of_source, f"{where}: source")
    _there({**access, **source}, needed, where)
    for name, child in source.get("children", {}).items():
        refuse_unknown_keys(child, {"table", "key", "columns"}, f"{where}: children.{name}.source")
        _there(child, {"table", "key"}, f"{where}: children.{name}.source")
    if "overlap" in source:
        overlap(str(source["overlap"]), where)
    if source.get("sweep", "nightly") not in SWEEPS:
        raise ConfigurationError(
            f"{source['sweep']} is no rhythm", where=f"{where}: source.sweep", remedy=f"write {', '.join(SWEEPS)}"
        )
    if method == "rest":
        _web(str(access["url"]), where)
        check_signing(access["signing"], where)
        _paging(source, where)
    if "/" in str(source.get("pattern", "")):
        raise ConfigurationError("the pattern leaves the folder", where=f"{where}: source.pattern", remedy="no / in it")


def check_target(access: Mapping[str, Any], where: str, sheets: Mapping[str, Any] = NO_SHEETS) -> None:
    """Keys only, nothing is reached. `sheets`: record type → what its profile says. Raises ConfigurationError."""
    method = _method(access, TARGETS, where)
    of_access, needed = TARGETS[method]
    refuse_unknown_keys(access, of_access, f"{where}: access")
    _there(access, needed, where)
    if method == "table":
        table_layout.layout(access, where)
        return
    if method == "files":
        file_access.check_files(access, sheets, where)
        return
    _web(str(access["url"]), where)
    check_signing(access["signing"], where)
    if access["signing"]["scheme"] == "gjgxjhpt" and "secret" not in access["signing"]:
        raise ConfigurationError("secret is missing", where=f"{where}: signing", remedy="give the secret: ${NAME}")


def open_source(access: Mapping[str, Any], source: Mapping[str, Any], where: str) -> Source:
    """The source behind an access method. Values of `access` are expanded already."""
    check_source(access, source, where)
    if access["method"] == "sql":
        from connectors.sql import SqlSource

        return SqlSource(access, source, where)
    if access["method"] == "rest":
        from connectors.rest import RestSource

        return RestSource(access, source, where)
    from connectors.files import FileSource

    return FileSource(access, source, where)


def open_target(access: Mapping[str, Any], where: str, sheets: Mapping[str, Any] = NO_SHEETS) -> Target:
    """The receiver behind an access method."""
    check_target(access, where, sheets)
    if access["method"] == "files":
        from connectors.receiver_files import FileTarget

        return FileTarget(access, where, sheets)
    if access["method"] == "table":
        from connectors.receiver_table import TableTarget

        return TableTarget(access, where)
    from connectors.receiver_rest import RestTarget

    return RestTarget(access, where)


def _method(access: Mapping[str, Any], known: Mapping[str, Any], where: str) -> str:
    method = str(access.get("method", ""))
    if method not in known:
        raise ConfigurationError(
            f"access method {method or '(none given)'} does not exist",
            where=f"{where}: access.method",
            remedy=nearest(method, list(known)),
        )
    return method


def _web(url: str, where: str) -> None:
    """A `${NAME}` is looked at when it is filled in; a name and password in an address end up in logs of others."""
    if not url.startswith(("http://", "https://", "${")) or "@" in url.split("://", 1)[-1].split("/", 1)[0]:
        raise ConfigurationError(
            "is no address of an interface",
            where=f"{where}: access.url",
            remedy="write https://host/path, no user in it",
        )


def _paging(source: Mapping[str, Any], where: str) -> None:
    needed = {"page": "total", "cursor": "next"}
    paging = str(source["paging"])
    if paging not in needed:
        raise ConfigurationError(
            f"paging {paging} does not exist", where=f"{where}: source.paging", remedy=nearest(paging, list(needed))
        )
    _there(source, {needed[paging]}, f"{where}: source")


def _there(data: Mapping[str, Any], needed: set[str], where: str) -> None:
    for key in sorted(needed - set(data)):
        raise ConfigurationError(f"{key} is missing", where=where, remedy=f"write `{key}: …`")
