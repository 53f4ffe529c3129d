"""GB 18030 as glibc reads it, which knows the standard from elsewhere; and what its subsets are read as."""

import shutil
import subprocess

import pytest

from transforms.decoders.national import MODERN, modern, text_decoder

# As `iconv -f GB18030 -t UTF-8` of glibc 2.36 answers: the two bytes and the character.
ICONV = {
    "a6d9": "︐", "a6da": "︒", "a6db": "︑", "a6dc": "︓", "a6dd": "︔", "a6de": "︕", "a6df": "︖", "a6ec": "︗",
    "a6ed": "︘", "a6f3": "︙", "a8bc": "ḿ", "fe51": "𠂇", "fe52": "𠂉", "fe53": "𠃌", "fe59": "龴", "fe61": "龵",
    "fe66": "龶", "fe67": "龷", "fe6c": "𡗗", "fe6d": "龸", "fe76": "𢦏", "fe7e": "龹", "fe90": "龺", "fe91": "𤇾",
    "fea0": "龻",
}  # fmt: skip


def glibc() -> bool:
    """Whether there is an iconv of glibc, whose tables the list above is from."""
    found = shutil.which("iconv")
    return bool(found) and "GLIBC" in subprocess.run([found, "--version"], capture_output=True, text=True).stdout


@pytest.mark.parametrize(("code", "character"), ICONV.items())
def test_what_python_reads_as_private_use(code: str, character: str) -> None:
    assert bytes.fromhex(code).decode("gb18030") != character
    assert modern(bytes.fromhex(code).decode("gb18030")) == character


def test_the_table_is_these_and_no_more() -> None:
    assert set(MODERN.values()) == set(ICONV.values())


@pytest.mark.skipif(not glibc(), reason="no iconv of glibc here")
def test_every_two_byte_code_is_read_as_iconv_reads_it() -> None:
    codes = [bytes((a, b)) for a in range(0x81, 0xFF) for b in (*range(0x40, 0x7F), *range(0x80, 0xFF))]
    read = subprocess.run(
        ["iconv", "-f", "GB18030", "-t", "UTF-8"], input=b"\n".join(codes), stdout=subprocess.PIPE, check=True
    )
    assert len(codes) == 23_940
    assert modern(b"\n".join(codes).decode("gb18030")) == read.stdout.decode()


@pytest.mark.parametrize("encoding", ["gb18030", "GB18030", "gbk", "cp936", "gb2312", "euc-cn"])
def test_the_three_editions_are_read_alike(encoding: str) -> None:
    decode = text_decoder(encoding)
    raw = "阿依·古丽——".encode("gb18030") + b"\xfe\x51\xa6\xd9"
    assert "".join(decode(raw[at : at + 1], at == len(raw) - 1) for at in range(len(raw))) == "阿依·古丽——𠂇︐"


def test_other_encodings_are_left_alone() -> None:
    assert text_decoder("utf-8")("\ue816龴".encode(), True) == "\ue816龴"
    assert text_decoder("gb18030")(b"\xff", True) == "\ufffd"
    with pytest.raises(LookupError):
        text_decoder("gb1803")
