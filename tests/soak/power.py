"""Owns power loss: from the system calls of one run, the states in which a disk may be found when the power fails.

What was not synced may be there, in part, or not at all, in any order: data by pages of a file until fsync of the
file; names (create, rename, link, unlink, mkdir) until fsync of their folder. As strict as POSIX, stricter than ext4.
SQLite's shared memory (-shm) never outlives a crash and is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

CALLS = (
    "openat,creat,open,dup,dup2,close,lseek,write,pwrite64,writev,pwritev,fsync,fdatasync,rename,renameat,renameat2,link,linkat,"
    "unlink,unlinkat,mkdir,mkdirat,rmdir,ftruncate,truncate,fallocate,copy_file_range,sendfile,sendto"
)  # fmt: skip
STRACE = ("-xx", "-s", "33554432", "-e", f"trace={CALLS}")
KINDS = ("what was synced", "names without data", "names, data torn", "data without names", "any of it", "all but one")
PAGE = 4096
_STRING = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')
_LINE = re.compile(r"^(\w+)\((.*)\) += (-?\d+)")
_KEY = re.compile(rb"POST /deliveries.*?Idempotency-Key: ([0-9a-f]{64})", re.DOTALL)


@dataclass
class Node:
    """A file (`live`: as the run sees it; `synced`; `late`: writes since) or a folder (names → nodes)."""

    mode: int
    folder: bool = False
    live: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    late: list[tuple[int, bytes | None]] = field(default_factory=list)
    names: dict[str, "Node"] = field(default_factory=dict)
    synced_names: dict[str, "Node"] = field(default_factory=dict)


Found = dict[str, tuple[int, bytes | None]]
"""Path → (mode, content); None for a folder."""
Change = tuple[tuple[Node, str, Node | None], ...]


class Disk:
    """An installation's folder as it stood `before`, then call by call of the run that had it as `home`."""

    def __init__(self, before: Path, home: Path) -> None:
        self.home, self.root = home, _scanned(before)
        self.late: list[Change] = []
        self.handles: dict[int, tuple[Node, int, bool]] = {}
        self.sent: list[str] = []

    def _at(self, path: str) -> tuple[Node, str] | None:
        """The folder that holds a path of ours, and its name there."""
        if not path.startswith(f"{self.home}/"):
            return None
        here, parts = self.root, Path(path).relative_to(self.home).parts
        for part in parts[:-1]:
            here = here.names[part]
        return here, parts[-1]

    def _change(self, *sets: tuple[Node, str, Node | None]) -> None:
        """Names that change together; the first tells whose sync makes it last."""
        self.late.append(sets)
        _apply(sets, live=True)

    def step(self, name: str, words: str, result: int) -> bool:
        """Take one call that succeeded. True when something of ours changed or left."""
        strings = [bytes.fromhex(one.decode().replace("\\x", "")) for one in _STRING.findall(words.encode())]
        if name == "sendto":
            found = _KEY.search(strings[0]) if strings else None
            self.sent += [found[1].decode()] if found else []
            return found is not None
        first = int(words.split(",")[0]) if words[:1].isdigit() else -1
        if name in ("openat", "rename", "link", "unlink", "mkdir", "rmdir", "unlinkat"):
            return self._named(name, [one.decode() for one in strings], words, result)
        if first not in self.handles:
            return False
        node, place, adds = self.handles[first]
        if name == "close":
            del self.handles[first]
            return False
        if name == "lseek":
            self.handles[first] = (node, result, adds)
            return False
        if name in ("fsync", "fdatasync"):
            return self._sync(node)
        if name == "write":
            place = len(node.live) if adds else place
            self._write(node, place, strings[0][:result])
            self.handles[first] = (node, place + result, adds)
        elif name == "pwrite64":
            self._write(node, int(words.rsplit(",", 1)[1]), strings[0][:result])
        elif name == "ftruncate":
            self._write(node, int(words.rsplit(",", 1)[1]), None)
        else:
            raise AssertionError(f"a call on a file of ours that is not understood: {name}")
        return True

    def _named(self, name: str, paths: list[str], words: str, result: int) -> bool:
        places = [self._at(path) for path in paths]
        if not places or places[0] is None:
            self._outside(name, paths, words, result)
            return False
        folder, last = places[0]
        if name == "openat":
            return self._opened(folder, last, words, result)
        if name == "mkdir":
            self._change((folder, last, Node(0o700, folder=True)))
        elif name in ("unlink", "rmdir", "unlinkat"):
            self._change((folder, last, None))
        else:
            assert places[1], f"{name} out of our folder"
            node, (there, new) = folder.names[last], places[1]
            gone = ((folder, last, None),) if name == "rename" else ()
            self._change((there, new, node), *gone)
        return True

    def _outside(self, name: str, paths: list[str], words: str, result: int) -> None:
        if paths and paths[0] == str(self.home) and name == "openat":
            self.handles[result] = (self.root, 0, False)
        assert name == "openat" or not any(path.startswith(f"{self.home}/") for path in paths), words[:200]

    def _opened(self, folder: Node, last: str, words: str, result: int) -> bool:
        node, made = folder.names.get(last), False
        if node is None:
            assert "O_CREAT" in words
            mode = re.search(r", 0(\d+)$", words)
            node, made = Node(int(mode[1], 8) & 0o700 if mode else 0o600), True
            self._change((folder, last, node))
        if "O_TRUNC" in words and node.live:
            self._write(node, 0, None)
            made = True
        self.handles[result] = (node, 0, "O_APPEND" in words)
        return made

    @staticmethod
    def _write(node: Node, place: int, data: bytes | None) -> None:
        node.late.append((place, data))
        _put(node.live, place, data)

    def _sync(self, node: Node) -> bool:
        if not node.folder:
            node.synced, node.late = bytes(node.live), []
            return True
        for one in self.late:
            if one[0][0] is node:
                _apply(one, live=False)
        self.late = [one for one in self.late if one[0][0] is not node]
        return True

    def lost(self, kind: str, random: Random) -> Found:
        """What is found after the power failed now."""
        kept = {"what was synced": 0.0, "data without names": 0.0, "any of it": 0.5}.get(kind, 1.0)
        names = [one for one in self.late if random.random() < kept]
        if kind == "all but one" and names:
            names.pop(random.randrange(len(names)))
        state: dict[int, dict[str, Node]] = {}
        for one in names:
            for folder, name, node in one:
                entries = state.setdefault(id(folder), dict(folder.synced_names))
                entries.pop(name, None) if node is None else entries.__setitem__(name, node)
        return dict(_walked(self.root, "", state, kind, random))


def _walked(
    folder: Node, path: str, state: dict[int, dict[str, Node]], kind: str, random: Random
) -> Iterator[tuple[str, tuple[int, bytes | None]]]:  # fmt: skip
    for name, node in sorted(state.get(id(folder), folder.synced_names).items()):
        if node.folder:
            yield f"{path}{name}", (node.mode, None)
            yield from _walked(node, f"{path}{name}/", state, kind, random)
        elif not name.endswith("-shm"):
            yield f"{path}{name}", (node.mode, _content(node, kind, random))


def _content(node: Node, kind: str, random: Random) -> bytes:
    found, late = bytearray(node.synced), list(node.late)
    if kind in ("what was synced", "names without data"):
        return bytes(found)
    if kind == "names, data torn" and late and late[-1][1]:
        place, data = late.pop()
        late.append((place, (data or b"")[: len(data or b"") // 2]))
    if kind == "all but one" and late:
        late.pop(random.randrange(len(late)))
    for place, data in late:
        pieces = [(place, data)] if data is None or kind != "any of it" else _pages(place, data)
        for at, piece in pieces:
            if kind != "any of it" or random.random() < 0.5:
                _put(found, at, piece)
    return bytes(found)


def _pages(place: int, data: bytes) -> list[tuple[int, bytes]]:
    return [(place + at, data[at : at + PAGE]) for at in range(0, len(data), PAGE)]


def _put(content: bytearray, place: int, data: bytes | None) -> None:
    """Write there, zeros before when it lies behind the end; without data, cut or lengthen to there."""
    if data is None:
        del content[place:]
    content.extend(bytes(max(0, place - len(content))))
    if data is not None:
        content[place : place + len(data)] = data


def _apply(sets: Change, live: bool) -> None:
    for folder, name, node in sets:
        names = folder.names if live else folder.synced_names
        names.pop(name, None) if node is None else names.__setitem__(name, node)


def _scanned(path: Path) -> Node:
    """What is there before the run is on the disk."""
    mode = path.stat().st_mode & 0o777
    if not path.is_dir():
        content = path.read_bytes()
        return Node(mode, live=bytearray(content), synced=content)
    names = {one.name: _scanned(one) for one in path.iterdir()}
    return Node(mode, folder=True, names=names, synced_names=dict(names))


def steps(log: Path) -> Iterator[tuple[str, str, int]]:
    """(call, arguments, result) of every call that succeeded, at its end; calls of two threads are put together."""
    begun: dict[str, str] = {}
    for line in log.read_text(encoding="ascii").splitlines():
        thread, _, rest = line.partition(" ")
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            begun[thread] = rest.removesuffix("<unfinished ...>").rstrip()
            continue
        if resumed := re.match(r"<\.\.\. \w+ resumed>", rest):
            rest = begun.pop(thread, "") + rest[resumed.end() :].lstrip()
        read = _LINE.match(rest)
        if read and int(read[3]) >= 0:
            yield read[1], read[2].strip(), int(read[3])


def laid(state: Found, home: Path) -> None:
    """Write a state down where an installation keeps its files."""
    home.mkdir(parents=True)
    for name, (mode, content) in state.items():
        path = home / name
        if content is None:
            path.mkdir(mode=mode)
        else:
            path.write_bytes(content)
            path.chmod(mode)
