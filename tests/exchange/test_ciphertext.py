"""The form of an encrypted file: every byte comes back, from any place; whatever was done to it is refused."""

import io
import os
import random
from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.ciphertext import (
    CHUNK,
    HEAD,
    SUITES,
    TAG,
    DecryptingReader,
    EncryptingWriter,
    Encryptor,
    Sm4Gcm,
    read_header,
)
from schemas.errors import FileDamaged

SCOPE, LABEL = "load-1", "canonical.parquet"
FIRST = HEAD.size + len(SCOPE)  # where chunk 0 begins
KEYS = {name: random.Random(1).randbytes(suite.key_bytes) for name, suite in SUITES.items()}
SIZES = st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7])
both = pytest.mark.parametrize("suite", sorted(SUITES))


def sealed(body: bytes, suite: str = "aes-256-gcm", label: str = LABEL, pieces: int = 1) -> bytes:
    encryptor = Encryptor(SUITES[suite], KEYS[suite], SCOPE, label)
    step = max(-(-len(body) // pieces), 1)
    fed = [part for at in range(0, len(body), step) for part in encryptor.feed(body[at : at + step])]
    return b"".join([bytes(encryptor.header), *fed, encryptor.finish()])


def opened(data: bytes, label: str = LABEL) -> DecryptingReader:
    stream = io.BytesIO(data)
    header = read_header(stream, label)
    return DecryptingReader(stream, header, KEYS[header.suite.name], label)


def body_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def chunks(data: bytes) -> list[bytes]:
    """The sealed chunks of a file."""
    return [data[at : at + CHUNK + TAG] for at in range(FIRST, len(data), CHUNK + TAG)]


@both
@settings(max_examples=25, deadline=None)
@given(size=SIZES, pieces=st.integers(1, 9))
def test_every_byte_comes_back_however_it_was_fed(suite: str, size: int, pieces: int) -> None:
    body = body_of(size)
    assert opened(sealed(body, suite, pieces=pieces)).read() == body


@settings(max_examples=40, deadline=None)
@given(places=st.lists(st.tuples(st.integers(0, 2 * CHUNK + 9), st.integers(0, CHUNK + 5)), max_size=6))
def test_it_can_be_read_from_any_place(places: list[tuple[int, int]]) -> None:
    body = body_of(2 * CHUNK + 7)
    reader = opened(sealed(body))
    for at, length in places:
        reader.seek(at)
        assert reader.read(length) == body[at : at + length]
    assert reader.seek(-5, os.SEEK_END) == len(body) - 5
    assert (reader.seek(2, os.SEEK_CUR), reader.read()) == (len(body) - 3, body[-3:])


@both
def test_a_writer_makes_what_a_reader_reads(suite: str) -> None:
    kept: list[bytes] = []

    class Out(io.BytesIO):
        def close(self) -> None:
            kept.append(self.getvalue())

    writer = EncryptingWriter(Out(), Encryptor(SUITES[suite], KEYS[suite], SCOPE, LABEL))
    body = body_of(CHUNK + 100)
    assert [writer.write(memoryview(body)[:50]), writer.write(body[50:])] == [50, CHUNK + 50]
    assert writer.tell() == len(body)
    writer.close()
    writer.close()
    assert [opened(data).read() for data in kept] == [body]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "last byte gone": lambda d: d[:-1],
    "last chunk gone": lambda d: d[: FIRST + 2 * (CHUNK + TAG)],
    "all chunks gone": lambda d: d[:FIRST],
    "middle chunk gone": lambda d: d[:FIRST] + chunks(d)[0] + chunks(d)[2],
    "two chunks exchanged": lambda d: d[:FIRST] + chunks(d)[1] + chunks(d)[0] + chunks(d)[2],
    "a chunk doubled": lambda d: d[:FIRST] + chunks(d)[0] + d[FIRST:],
    "something added": lambda d: d + b"x",
    "another file of ours added": lambda d: d + d[FIRST:],
    "salt changed": lambda d: d[: HEAD.size - 1] + bytes([d[HEAD.size - 1] ^ 1]) + d[HEAD.size :],
    "scope changed": lambda d: d[: FIRST - 1] + b"2" + d[FIRST:],
    "a chunk of another file": lambda d: d[:FIRST] + chunks(sealed(body_of(CHUNK + 7)))[0] + d[FIRST + CHUNK + TAG :],
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_done_to_a_file_is_noticed(damage: str) -> None:
    data = sealed(body_of(2 * CHUNK + 7))
    with pytest.raises(FileDamaged, match=r"canonical\.parquet.*restore"):
        opened(DAMAGES[damage](data)).read()


@both
def test_no_bit_can_be_turned_unnoticed(suite: str) -> None:
    data = sealed(b"110101199003077758", suite)
    for bit in range(8 * len(data)):
        turned = bytearray(data)
        turned[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FileDamaged):
            opened(bytes(turned)).read()


def test_a_file_cut_short_gives_nothing_at_all() -> None:
    """Not even its sound beginning: nobody must take half a load for a whole one."""
    with pytest.raises(FileDamaged, match="cut off"):
        opened(DAMAGES["last chunk gone"](sealed(body_of(2 * CHUNK + 7))))


def test_a_file_under_another_name_is_refused() -> None:
    with pytest.raises(FileDamaged):
        opened(sealed(b"x", label="one.ndjson"), label="other.ndjson")


@pytest.mark.parametrize("data", [b"", b"PAR1", os.urandom(200), b"GUIJI\0v2" + bytes(60)])
def test_what_is_not_ours_is_not_read(data: bytes) -> None:
    with pytest.raises(FileDamaged, match="is not an encrypted file of ours"):
        opened(data)


def test_the_same_bytes_never_look_the_same_twice() -> None:
    assert chunks(sealed(b"same"))[0] != chunks(sealed(b"same"))[0]


def test_sm4_gcm_is_the_one_of_rfc_8998() -> None:
    """Appendix A.1 of the RFC."""
    cipher = Sm4Gcm(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    nonce, told = bytes.fromhex("00001234567800000000ABCD"), bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = bytes.fromhex("AA" * 8 + "BB" * 8 + "CC" * 8 + "DD" * 8 + "EE" * 8 + "FF" * 8 + "EE" * 8 + "AA" * 8)
    secret = bytes.fromhex(
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )
    assert cipher.encrypt(nonce, plain, told) == secret
    assert cipher.decrypt(nonce, secret, told) == plain
    with pytest.raises(InvalidTag):
        cipher.decrypt(nonce, secret, told + b"x")
