"""Trees and proofs against Certificate Transparency's published vectors, and every proof against every tampering."""

import pytest

from evidence.proofs import HASHES, consistent, digest, inclusion_root, root
from evidence.tree import Tree

# The eight leaves of Certificate Transparency's reference tests (RFC 6962's own trees), and the root after each.
LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = range(1, 18)


def leaves(name: str, count: int) -> list[bytes]:
    return [digest(name, b"\0" + bytes([number])) for number in range(count)]


@pytest.mark.parametrize("count", range(1, 9))
def test_published_roots(count):
    hashes = [digest("sha256", b"\0" + bytes.fromhex(leaf)) for leaf in LEAVES[:count]]
    assert root("sha256", hashes).hex() == Tree("sha256", hashes).root.hex() == ROOTS[count - 1]


def test_published_hashes():
    assert digest("sm3", b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert digest("sha256", b"abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_sm3_without_the_systems_openssl(monkeypatch):
    """The same digest where hashlib has no SM3."""
    import hashlib

    def without(name, data):
        raise ValueError(name)

    expected = digest("sm3", b"abc")
    monkeypatch.setattr(hashlib, "new", without)
    assert digest("sm3", b"abc") == expected


@pytest.mark.parametrize("name", HASHES)
def test_both_sides_agree_on_roots_and_every_inclusion(name):
    for count in SIZES:
        tree = Tree(name, leaves(name, count))
        assert tree.root == root(name, leaves(name, count))
        for index, leaf in enumerate(leaves(name, count)):
            assert inclusion_root(name, index, count, leaf, tree.inclusion(index)) == tree.root


def test_no_tampered_inclusion_passes():
    tried = 0
    for count in SIZES:
        hashes = leaves("sha256", count)
        tree = Tree("sha256", hashes)
        for index, leaf in enumerate(hashes):
            path = tree.inclusion(index)
            wrong = [(i, count, leaf, path) for i in range(-1, count + 1) if i != index]
            wrong += [(index, count, other, path) for at, other in enumerate(hashes) if at != index]
            wrong += [(index, count, leaf, path[:at] + path[at + 1 :]) for at in range(len(path))]
            wrong += [(index, count, leaf, [*path, extra]) for extra in (hashes[0], tree.root)]
            flipped = [bytes([value[0] ^ 1]) + value[1:] for value in path]
            wrong += [(index, count, leaf, [*path[:at], flipped[at], *path[at + 1 :]]) for at in range(len(path))]
            for case in wrong:
                assert inclusion_root("sha256", *case) != tree.root, (count, index, case)
                tried += 1
    assert tried > 4000


@pytest.mark.parametrize("name", HASHES)
def test_growth_is_proved_and_rewriting_is_not(name):
    for count in SIZES:
        new = Tree(name, leaves(name, count))
        for old in range(count + 1):
            before, proof = root(name, leaves(name, old)), new.consistency(old)
            assert consistent(name, old, count, before, new.root, proof)
            if old:
                other = root(name, [*leaves(name, old)[:-1], digest(name, b"other")])
                assert not consistent(name, old, count, other, new.root, proof)
            assert not consistent(name, old, count, before, new.root, [*proof, new.root])
            assert not consistent(name, count, old, new.root, before, proof) or old == count
            for at in range(len(proof)):
                assert not consistent(name, old, count, before, new.root, proof[:at] + proof[at + 1 :])
                changed = bytes([proof[at][0] ^ 1]) + proof[at][1:]
                assert not consistent(name, old, count, before, new.root, [*proof[:at], changed, *proof[at + 1 :]])


def test_an_inner_node_is_no_leaf():
    """Domain separation: two leaves' parent cannot pass as an entry."""
    pair = leaves("sha256", 2)
    assert digest("sha256", b"\0" + pair[0] + pair[1]) != root("sha256", pair)


def test_no_path_to_what_is_not_there():
    for index in (-1, 3):
        with pytest.raises(IndexError):
            Tree("sha256", leaves("sha256", 3)).inclusion(index)
