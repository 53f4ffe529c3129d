"""T7 for drop folders: files half there, replaced, doubled, late, broken; and the right one afterwards.

`spoil` changes the folder before a run, `mend` puts it right; between them nothing wrong may go out, and in the end the
receivers hold what the generator planted.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from exchange.cli.batches import abandon
from exchange.cli.looking import status_facts
from schemas.errors import GuijiError
from tests.flow.conftest import installed
from tests.flow.installation import RECEIVERS, Installation
from tests.flow.oracle import faults
from tests.soak.figures import tell

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
FEED = "transport/penalty"


@dataclass(frozen=True)
class Folder:
    """The department's folder on one night; `right` is what its newest file should hold."""

    at: Installation
    path: Path
    right: bytes

    def put(self, content: bytes, name: str = "") -> None:
        (self.path.with_name(name) if name else self.path).write_bytes(content)

    def lines(self) -> list[bytes]:
        return self.right.split(b"\r\n")


def _nothing(folder: Folder) -> None:
    """Nothing to put right."""


def _right(folder: Folder) -> None:
    folder.put(folder.right)


def _half(folder: Folder) -> None:
    folder.put(folder.right[: len(folder.right) // 2])


def _as_part(folder: Folder) -> None:
    folder.path.unlink()
    folder.put(folder.right, f"{folder.path.name}.part")


def _named(folder: Folder) -> None:
    folder.path.with_name(f"{folder.path.name}.part").rename(folder.path)


def _twice(folder: Folder) -> None:
    folder.put(folder.right, folder.path.name.replace(".csv", "_2.csv"))


def _utf8(folder: Folder) -> None:
    folder.put(folder.right.decode("gb18030").encode("utf-8"))


def _column_renamed(folder: Folder) -> None:
    folder.put(folder.right.replace("处罚内容".encode("gb18030"), "处罚结果".encode("gb18030"), 1))


def _ragged(folder: Folder) -> None:
    first, second, *rest = folder.lines()
    folder.put(b"\r\n".join([first, second + b',"one more"', *rest]))


def _open_quote(folder: Folder) -> None:
    first, second, *rest = folder.lines()
    folder.put(b"\r\n".join([first, second[:-1], *rest]))


def _nul(folder: Folder) -> None:
    folder.put(b"\0".join(folder.right.rsplit("元".encode("gb18030"), 1)))


def _broken_bytes(folder: Folder) -> None:
    folder.put(b"\xff".join(folder.right.rsplit("元".encode("gb18030"), 1)))


def _away(folder: Folder) -> None:
    shutil.move(folder.path.parent, folder.path.parent.with_name("away"))


def _back(folder: Folder) -> None:
    shutil.move(folder.path.parent.with_name("away"), folder.path.parent)


def _link(folder: Folder) -> None:
    outside = folder.at.home / "outside.csv"
    outside.write_bytes(folder.right)
    folder.path.unlink()
    folder.path.symlink_to(outside)


def _no_link(folder: Folder) -> None:
    folder.path.unlink()
    _right(folder)


CASES: dict[str, tuple[Callable[[Folder], None], Callable[[Folder], None]]] = {
    "half of it, then the rest": (_half, _right),
    "uploaded under another name, then renamed": (_as_part, _named),
    "the same file twice": (_twice, _nothing),
    "nothing in it, then the right one": (lambda folder: folder.put(b""), _right),
    "only its head, then the right one": (lambda folder: folder.put(folder.lines()[0] + b"\r\n"), _right),
    "in UTF-8, then in GB18030": (_utf8, _right),
    "a column renamed, then the right one": (_column_renamed, _right),
    "a line with one field too many": (_ragged, _right),
    "a quotation mark that is not closed": (_open_quote, _right),
    "a NUL in it": (_nul, _right),
    "bytes that are no character": (_broken_bytes, _right),
    "the folder is away for a night": (_away, _back),
    "a link that leaves the folder": (_link, _no_link),
}


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Installation]:
    with installed(tmp_path, 40, only=FEED) as made:
        made.run(FEED)
        yield made


def said(at: Installation) -> str | None:
    try:
        at.run(FEED)
    except GuijiError as error:
        return f"{type(error).__name__}: {error}"
    return None


def look(at: Installation) -> list[str]:
    return [words for code in RECEIVERS for words in faults(at.world, at.receiver(code), FEED, at.world.night)]


def given_up(at: Installation) -> None:
    """A batch that landed and cannot be read is given up by a person."""
    site = at.site()
    told = status_facts(site, [FEED])[FEED]
    site.ledger.engine.dispose()
    if isinstance(told, dict) and told["state"] in ("landed", "held"):
        abandon(told["load_id"], "文件已更换", "tester")


def test_what_may_go_wrong_in_a_folder(at: Installation) -> None:
    found = []
    for name, (spoil, mend) in CASES.items():
        at.world.advance_to(at.world.night + 1)
        path = at.world.transport.folder / f"xzcf_{at.day:%Y%m%d}.csv"
        folder = Folder(at, path, path.read_bytes())
        spoil(folder)
        first = said(at)
        wrong = [words for words in look(at) if not words.endswith(("lost", "newest, or not right", "yet there"))]
        given_up(at)
        mend(folder)
        last = said(at)
        found += [f"{name}: {words}" for words in [*wrong, *look(at), *([last] if last else [])]]
        print(f"{name}: {first}")
    tell("T7", "source faults in a drop folder", len(CASES), len(found))
    assert found == []


def test_a_file_that_comes_after_a_newer_one_brings_nothing_old_back(at: Installation) -> None:
    at.world.advance_to(2)
    second = at.world.transport.folder / f"xzcf_{at.day:%Y%m%d}.csv"
    kept = second.read_bytes()
    second.unlink()
    at.world.advance_to(3)
    at.run(FEED)
    second.write_bytes(kept)
    at.run(FEED)
    assert look(at) == []
