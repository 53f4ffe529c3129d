"""What receiver.yaml may say of a receiver that takes files, looked at without reaching it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from connectors.file_forms import FORMATS
from connectors.workbook import Sheets, check_sheets
from schemas.errors import ConfigurationError

KEYS = {
    "method", "url", "receipts", "format", "wait", "timeout", "host_key", "key_file", "passphrase", "password",
}  # fmt: skip
NEEDED = {"url", "format"}


def check_files(access: Mapping[str, Any], sheets: Mapping[str, Sheets], where: str) -> None:
    """Nothing is reached. Raises ConfigurationError naming file, key and remedy."""
    if access["format"] not in FORMATS:
        raise ConfigurationError(
            f"{access['format']} is no form of a file", where=f"{where}: access.format", remedy=", ".join(FORMATS)
        )
    url = str(access["url"])
    if "://" in url and not url.startswith(("file:///", "sftp://")):
        remedy = "write file:///folder, or sftp://user@host:port/folder"
        raise ConfigurationError("is no folder", where=f"{where}: access.url", remedy=remedy)
    if "$" not in url and not _folder(url):
        raise ConfigurationError("names no folder", where=f"{where}: access.url", remedy="write …/folder")
    if url.startswith("sftp://"):
        address = urlsplit(url)
        if address.password or not address.username or not address.path.strip("/"):
            remedy = "write sftp://user@host:port/folder; the password by access.password: ${NAME}"
            raise ConfigurationError("needs user and folder, no password", where=f"{where}: access.url", remedy=remedy)
        if not access.get("host_key") or not (access.get("password") or access.get("key_file")):
            remedy = "write host_key: as in known_hosts, and key_file: or password:, by ${NAME}"
            raise ConfigurationError("host_key or login is missing", where=f"{where}: access", remedy=remedy)
    for record_type, chosen in sheets.items():
        check_sheets(chosen, f"{where.rpartition('/')[0]}/{record_type}.yaml: sheets")


def _folder(url: str) -> str:
    """Empty where there is none, or no such address."""
    try:
        address = urlsplit(url)
        return address.path.strip("/") if address.port != 0 else ""
    except ValueError:
        return ""
