"""Drop folders (文件交换目录): new files, byte for byte; a file that is still growing waits for the next pull."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from connectors.file_names import in_order, place
from schemas.errors import SourceRefused, SourceUnreachable
from schemas.exchange import Part, Position, Window

BLOCK = 1 << 20
UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload")
MAX_BYTES = 8 * 1024**3
EMPTY = sha256().hexdigest()


@dataclass
class FilePull:
    """One look at the folder. Position: {"files": {sha-256: name} of everything landed so far, in the order of landing,
    "taken": [name] of this pull's parts}. Every empty file is `<sha-256>:<name>`: nobody can say that two are the same.
    """

    folder: Path
    source: Mapping[str, Any]
    window: Window
    where: str
    position: Position = field(default_factory=dict)
    complete: bool = False

    def parts(self) -> Iterator[Part]:
        known: dict[str, str] = dict((self.window.after or {}).get("files", {}))
        taken = list[str]()
        with _told(self.where):
            candidates = self._candidates()
        for path in candidates:
            digest = self._digest(path)
            content = f"{digest}:{path.name}" if digest == EMPTY else digest
            if _is_new(content, path.name, known):
                yield Part(path.name, str(self.source["format"]), self._unchanged(path, digest))
                known.pop(content, None)
                known[content] = path.name
                taken.append(path.name)
        self.position = {"files": known, "taken": taken}

    def _candidates(self) -> list[Path]:
        """Finished regular files inside the folder, by the date in the name, then by name."""
        matching = sorted(self.folder.glob(str(self.source["pattern"])), key=lambda path: in_order(path.name))
        found = [path for path in matching if path.is_file() and not path.name.endswith(UNFINISHED)]
        for path in found:
            if not path.resolve().is_relative_to(self.folder.resolve()):
                raise SourceRefused(
                    f"{path.name} is a link that leaves the folder", where=self.where, remedy="have it removed"
                )
            if path.stat().st_size > MAX_BYTES:
                raise SourceRefused(f"{path.name} is larger than 8 GiB", where=self.where, remedy="have it split")
        before = {path: _look(path) for path in found}
        if any(time.time() - mtime < 2 for _, mtime in before.values()):
            time.sleep(0.3)  # a file touched this very moment gets a second look
        return [path for path in found if path.is_file() and _look(path) == before[path]]

    def _unchanged(self, path: Path, expected: str) -> Iterator[bytes]:
        """The bytes; breaks off when they are not those whose digest was taken."""
        digest = sha256()
        for block in self._blocks(path):
            digest.update(block)
            yield block
        if digest.hexdigest() != expected:
            raise SourceUnreachable(f"{path.name} changed while it was read", where=self.where, remedy="tried again")

    def _digest(self, path: Path) -> str:
        digest = sha256()
        for block in self._blocks(path):
            digest.update(block)
        return digest.hexdigest()

    def _blocks(self, path: Path) -> Iterator[bytes]:
        """Only reading is guarded: a full disk on our side is not the department's fault."""
        with _told(self.where), path.open("rb") as stream:
            while True:
                block = stream.read(BLOCK)
                if not block:
                    return
                yield block


@dataclass(frozen=True)
class FileSource:
    """Files of one pattern in one department's folder."""

    access: Mapping[str, Any]
    source: Mapping[str, Any]
    where: str

    def check(self) -> str:
        return f"{len(list(self._folder().glob(str(self.source['pattern']))))} files match {self.source['pattern']}"

    @contextmanager
    def pull(self, window: Window) -> Iterator[FilePull]:
        yield FilePull(self._folder(), self.source, window, self.where)

    def _folder(self) -> Path:
        folder = Path(str(self.access["folder"]))
        if not folder.is_dir():
            raise SourceUnreachable("the folder is not there", where=self.where, remedy="check the mount and its path")
        return folder


def _is_new(content: str, name: str, known: dict[str, str]) -> bool:
    """Bytes that were never read; or read, but the file says them again after something else, or under a later date."""
    if content not in known:
        return True
    if known[content] == name:
        return next(one for one, of in reversed(known.items()) if of == name) != content
    return "" < place(known[content]) < place(name)


def _look(path: Path) -> tuple[int, float]:
    status = path.stat()
    return status.st_size, status.st_mtime


@contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceUnreachable(
            f"the folder cannot be read ({type(error).__name__})", where=where, remedy="check rights and the mount"
        ) from None
