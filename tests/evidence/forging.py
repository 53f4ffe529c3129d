"""Bundles changed by hand, and what the verifier has against them."""

from evidence.container import pack, unpack
from evidence.verify import check


def against(raw: bytes, trust=(), published: str = "") -> list[str]:
    """The English of every check that does not hold."""
    return [finding.english for finding in check(raw, trust, published) if finding.holds is False]


def changed(raw: bytes, **files: bytes | None) -> bytes:
    """The bundle with files replaced (None: taken out), packed as we pack. `__` stands for a slash."""
    kept = dict(unpack(raw).files)
    for key, data in files.items():
        path = next((p for p in kept if p.replace("/", "__").replace(".", "_") == key), key)
        kept.pop(path) if data is None else kept.update({path: data})
    return pack(kept)
