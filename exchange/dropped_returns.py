"""Return files that a department puts into its drop folder (投放目录中的退回单): taken in as `quarantine correct` does.

A workbook is one when it has the return file's sheet; whose rows they are its check codes say, not its name. The same
bytes are taken once. A file that cannot be taken is noted, and its rows stay the tickets that they are.
"""

import io
import zipfile
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
from sqlalchemy import text

from exchange.correction_rows import match_rows
from exchange.corrections import FORMAT, LARGEST, correct
from exchange.returns import SHEET
from exchange.site import Site
from schemas.catalog import Feed, expand
from schemas.errors import GuijiError, Transient
from transforms.decode import read_tables

REASON = "部门经投放目录补正 put into its drop folder by the department"
REFUSED = "return file not taken"
WORKBOOK, MOST = "xl/workbook.xml", 1 << 20
KNOWN = text("SELECT 1 FROM event WHERE what IN ('corrections given', :refused) AND detail LIKE :digest")


def take_dropped(site: Site, feed: Feed, day: date) -> dict[str, str]:
    """Take in what came for this feed. Returns {sha-256: ""} of all return files there: they are no night's rows."""
    found = dict[str, str]()
    if feed.department.access["method"] != "files":
        return found
    folder = Path(str(expand(feed.department.access, feed.department.where)["folder"]))
    for path, digest in _return_files(folder):
        found[digest] = ""
        if not _known(site, digest):
            _take(site, feed, path, digest, day)
    return found


def _return_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """What cannot be read now is looked at again next time."""
    for path in sorted(folder.glob("*.xlsx")):
        try:
            if path.resolve().parent == folder.resolve() and path.stat().st_size <= LARGEST and _is_one(path):
                yield path, sha256(path.read_bytes()).hexdigest()
        except (OSError, KeyError, zipfile.BadZipFile):
            continue


def _is_one(path: Path) -> bool:
    with zipfile.ZipFile(path) as book:
        return book.getinfo(WORKBOOK).file_size <= MOST and f'name="{SHEET}"' in book.read(WORKBOOK).decode()


def _known(site: Site, digest: str) -> bool:
    with site.ledger.read() as connection:
        return bool(connection.scalar(KNOWN, {"refused": REFUSED, "digest": f"%file {digest};%"}))


def _take(site: Site, feed: Feed, path: Path, digest: str, day: date) -> None:
    person = f"投放目录 drop folder {feed.department.code}"
    try:
        if _feed_of(site, path, day) in (feed.name, ""):
            correct(site, path, REASON, person, day)
    except Transient:
        raise
    except GuijiError as error:
        with site.ledger.write("correct") as connection:
            site.ledger.note(connection, REFUSED, feed.name, f"file {digest}; {error}", person)


def _feed_of(site: Site, path: Path, day: date) -> str:
    """The feed its rows are of; "" when it answers no ticket of ours."""
    tables = list(read_tables(io.BytesIO(path.read_bytes()), FORMAT, path.name))
    return match_rows(site, pa.concat_tables(tables), day).feed if tables else ""
