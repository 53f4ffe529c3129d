"""Owns trying a decoder on bad files: each in a process of its own, whose time and memory are measured.

python -m tests.transforms.trying FOLDER: for each file of `cases.json` there ({name: format}) one JSON line: how it
ended (`read` and a digest, `refused` and the error's kind and words, `crash`), processor seconds, and MiB of memory
beyond what the process had before.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from schemas.errors import GuijiError
from transforms.decode import read_tables
from transforms.decoders import sheets

SECONDS, MIB = 10, 1 << 10
CEILING = 2 << 30


def tried(folder: Path, cases: dict[str, tuple[bytes, dict[str, Any]]], *how: str) -> dict[str, dict[str, Any]]:
    """Name → what became of it; `unguarded`: with our own look at workbooks left out."""
    for name, (content, _) in cases.items():
        (folder / name).write_bytes(content)
    (folder / "cases.json").write_text(json.dumps({name: fmt for name, (_, fmt) in cases.items()}))
    program = [sys.executable, "-m", "tests.transforms.trying", str(folder), *how]
    said = subprocess.run(program, capture_output=True, text=True, check=True, timeout=250)
    return {one["name"]: one for one in map(json.loads, said.stdout.splitlines())}


def _digest(path: Path, fmt: dict[str, Any]) -> str:
    found = sha256()
    with path.open("rb") as stream:
        for table in read_tables(stream, fmt, "part"):
            found.update(repr(table.to_pydict()).encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def _once(path: Path, fmt: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"end": "read", "said": _digest(path, fmt), "again": _digest(path, fmt)}
    except GuijiError as error:
        return {"end": "refused", "kind": type(error).__name__, "said": str(error), "chain": repr(error.__cause__)}
    except BaseException as error:
        return {"end": "crash", "said": f"{type(error).__name__}: {str(error)[:200]}"}


def _apart(path: Path, fmt: dict[str, Any]) -> dict[str, Any]:
    """In a child: a crash or a hang ends it alone."""
    near, far = os.pipe()
    child = os.fork()
    if not child:
        signal.alarm(60)
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (CEILING + _virtual(), CEILING + _virtual()))
        before = resource.getrusage(resource.RUSAGE_SELF)
        told = _once(path, fmt)
        after = resource.getrusage(resource.RUSAGE_SELF)
        told |= {
            "seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "mib": (after.ru_maxrss - before.ru_maxrss) / MIB,
        }
        os.write(far, json.dumps(told).encode())
        os._exit(0)
    os.close(far)
    with os.fdopen(near, "rb") as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else {"end": "crash", "said": "killed", "seconds": SECONDS, "mib": 0}


def _virtual() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _warm(folder: Path) -> None:
    """What the decoders load on first use does not count."""
    path = folder / "warm.csv"
    path.write_bytes(b"a\n1\n")
    _once(path, {"kind": "csv"})
    import openpyxl  # noqa: F401 - loaded for the children


if __name__ == "__main__":
    at = Path(sys.argv[1])
    if "unguarded" in sys.argv:
        sheets.guard = lambda source, part: None
    _warm(at)
    for name, fmt in json.loads((at / "cases.json").read_text()).items():
        print(json.dumps({"name": name, **_apart(at / name, fmt)}), flush=True)
