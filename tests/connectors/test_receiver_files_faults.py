"""What goes wrong with files at a receiver: the server's faults, a folder's, and names and links made by others."""

import io
import json
import os
import resource
import tempfile
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from schemas.errors import ConfigurationError, GuijiError, ReceiptMismatch, ReceiverRefused, ReceiverUnreachable
from schemas.exchange import Sealed
from tests.connectors.exchange_folder import GOOD, KEY, Exchange, waiting


@pytest.mark.parametrize("name", [f"in/{KEY}.ok", f"in/{KEY}.ndjson", f"out/{KEY}.receipt.json"])
@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_a_link_a_folder_or_a_pipe_is_not_followed(
    exchange: Exchange, delivery: Sealed, tmp_path: Path, name: str, kind: str
) -> None:
    secret, path = tmp_path / "secret", exchange.root / name
    secret.write_text(json.dumps(GOOD))
    {"link": lambda: path.symlink_to(secret), "folder": path.mkdir, "pipe": lambda: os.mkfifo(path)}[kind]()
    with pytest.raises(ReceiptMismatch, match="no plain file") as told:
        exchange.target().send(delivery)
    assert told.value.sent is False
    assert secret.read_text() == json.dumps(GOOD)


def hostile_names() -> list[bytes]:
    """What a folder can really hold: all but / and NUL."""
    odd = [
        b"..ndjson", b"\\..\\..\\etc", b"a\\b", b"-rf", b"*", b"~", b"$HOME", b"`id`", b";id", b"|id", b"&", b"'", b'"',
        b"\x1b[31mred\x1b[0m", b"\x1b]0;title\x07", b"\r\nHTTP 200", b"\n", b"\t", b" ", b"  .ok", b".ok", b".part",
        b".receipt.json", b"%2e%2e%2f", b"%00", b"CON", b"NUL.ok", b"x" * 255, b"\xff\xfe", b"\xe7\x94", b"\x80.ok",
        "‮ko.".encode(), "ｋ".encode() * 64, "\u0000x".encode().strip(b"\0"), "́.ok".encode(), "甲.ok".encode(),
        "\ufeff.ok".encode(), KEY.upper().encode() + b".ok", KEY.encode(), KEY.encode() + b".ok ",
        KEY.encode() + b".OK",
        b" " + KEY.encode() + b".ok", KEY.encode() + b".ok.bak", KEY.encode() + b".receipt.json.part",
        KEY.encode() + b".receipt.JSON", KEY.encode() + b".receipt.json~", KEY.encode()[:-1] + b".ok",
        KEY.encode() + b"k.ok", b"{{7*7}}", b"<b>", b"=cmd", b"@x", b"+1", b"-1",
        b"../x".replace(b"/", b"\xef\xbc\x8f"),
    ]  # fmt: skip
    return [*odd, *(b"." + bytes((code,)) for code in (1, 2, 3, 7, 8, 127))]


def test_names_made_by_others_lead_nowhere(exchange: Exchange, delivery: Sealed, tmp_path: Path) -> None:
    """No folder is listed, so nothing of this is even read."""
    for folder in ("in", "out"):
        for name in hostile_names():
            (Path(os.fsdecode(os.fsencode(exchange.root / folder) + b"/" + name))).write_bytes(
                json.dumps(GOOD).encode()
            )
        (exchange.root / folder / "leads_out").symlink_to("/etc/passwd")
        (exchange.root / folder / "loop").symlink_to("loop")
    names, target = hostile_names(), exchange.target()
    assert len(set(names)) == len(names) >= 60
    assert target.inquire(KEY) is None
    assert waiting(target, delivery, target.send(delivery))
    exchange.receipt(GOOD)
    assert len(target.read(delivery, target.inquire(KEY)).verdicts) == 2  # type: ignore[arg-type]
    assert len(os.listdir(os.fsencode(exchange.root / "in"))) == len(names) + 4


@pytest.mark.parametrize("key", ["../../etc/passwd" + "x" * 16, "a/b" * 16, "k" * 15, "\0" * 64, "钥" * 32])
def test_a_key_that_is_no_name_is_refused(folder: Exchange, delivery: Sealed, key: str) -> None:
    for asked in (lambda: folder.target().inquire(key), lambda: folder.target().send(replace(delivery, key=key))):
        with pytest.raises(GuijiError, match="no key"):
            asked()


FAULTS: list[tuple[str, int, type[GuijiError], str, bool]] = [
    ("login_refused", 0, ReceiverRefused, "login was refused", False),
    ("hang_up_early", 0, ReceiverUnreachable, "could not connect", False),
    ("no_right", 0, ReceiverRefused, "may not write", False),
    ("quota", 0, ReceiverUnreachable, "could not|no room", False),
    ("disk_full", 0, ReceiverUnreachable, "could not|no room", False),
    ("wrong_bytes", 0, ReceiverUnreachable, "reads back otherwise", False),
    ("wrong_bytes", 1, ReceiverUnreachable, "reads back otherwise", False),
    ("rename_refused", 0, ReceiverUnreachable, "could not rename", False),
    ("rename_refused", 1, ReceiverUnreachable, "could not rename", True),
    ("rename_hang_up_before", 0, ReceiverUnreachable, "could not|no room", False),
    ("rename_hang_up_before", 1, ReceiverUnreachable, "could not|no room", True),
    ("rename_hang_up_after", 0, ReceiverUnreachable, "could not|no room", False),
    ("rename_hang_up_after", 1, ReceiverUnreachable, "could not|no room", True),
    ("no_right_to_read", 0, ReceiverRefused, "may not read", False),
    ("no_right_to_read", 1, ReceiverRefused, "may not read", False),
]


@pytest.mark.parametrize(("fault", "skip", "kind", "says", "sent"), FAULTS)
def test_what_goes_wrong_at_the_server_is_told_and_mended_by_the_next_try(
    sftp: Exchange, delivery: Sealed, fault: str, skip: int, kind: type[GuijiError], says: str, sent: bool
) -> None:
    sftp.faults.set(fault, skip=skip)
    with pytest.raises(GuijiError, match=says) as told:
        sftp.target().send(delivery)
    assert type(told.value) is kind
    assert told.value.sent is sent
    assert "\x1b" not in str(told.value)
    if not sent:
        assert f"{KEY}.ok" not in sftp.incoming
    target = sftp.target()
    assert waiting(target, delivery, target.inquire(KEY) or target.send(delivery))
    with delivery.open() as body:
        assert sftp.incoming[f"{KEY}.ndjson"] == body.read()
    assert len([name for name in sftp.incoming if not name.endswith(".part")]) == 2


@pytest.mark.parametrize("fault", ["rename_said_no", "no_fsync"])
@pytest.mark.parametrize("skip", [0, 1])
def test_what_a_server_says_wrongly_or_cannot_do_is_no_hindrance(
    sftp: Exchange, delivery: Sealed, fault: str, skip: int
) -> None:
    sftp.faults.set(fault, skip=skip)
    target = sftp.target()
    assert waiting(target, delivery, target.send(delivery))
    assert not sftp.faults.left()


def test_what_got_its_name_is_known_to_lie_there_when_the_look_fails(sftp: Exchange, delivery: Sealed) -> None:
    sftp.faults.set("no_right_to_read", skip=2)
    target = sftp.target()
    assert waiting(target, delivery, target.send(delivery))
    assert not sftp.faults.left()


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_stale_view_overwrites_nothing(sftp: Exchange, delivery: Sealed, skip: int) -> None:
    """What lies there is said not to be there: to the inquiry, then to the send."""
    sftp.target().send(delivery)
    before = {path.name: (path.stat().st_ino, path.read_bytes()) for path in (sftp.root / "in").iterdir()}
    sftp.faults.set("stale", 2, skip=skip)
    target = sftp.target()
    assert waiting(target, delivery, target.inquire(KEY) or target.send(delivery))
    assert before == {path.name: (path.stat().st_ino, path.read_bytes()) for path in (sftp.root / "in").iterdir()}


def test_a_mute_server_is_not_waited_for_for_ever(sftp: Exchange, delivery: Sealed) -> None:
    sftp.faults.set("mute")
    with pytest.raises(ReceiverUnreachable) as told:
        sftp.target(timeout=1).send(delivery)
    assert told.value.sent is False


def test_another_host_key_is_refused_before_the_password_leaves(sftp: Exchange, delivery: Sealed) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    sftp.faults.set("login_refused")
    for asked in (sftp.target(host_key=other).send, lambda _: sftp.target(host_key=other).inquire(KEY)):
        with pytest.raises(ReceiverRefused, match="another host key") as told:
            asked(delivery)
    assert told.value.where.endswith("access.host_key")
    assert sftp.faults.left() == {"login_refused": 1}  # nobody ever tried to log in
    sftp.faults.clear()
    assert sftp.target(host_key=[other, sftp.access["host_key"]]).send(delivery)


def test_nobody_there_is_nothing_sent(folder: Exchange, sftp: Exchange, delivery: Sealed) -> None:
    gone = sftp.target(url="sftp://guiji@127.0.0.1:1/in"), folder.target(url="file:///not/there")
    for target in (*gone, sftp.target(url=sftp.access["url"].replace("/in", "/away"))):
        with pytest.raises(ReceiverUnreachable):
            target.inquire(KEY)
        with pytest.raises(ReceiverUnreachable) as told:
            target.send(delivery)
        assert told.value.sent is False


@pytest.fixture
def held(delivery: Sealed) -> Sealed:
    """Its bytes in memory, for those who may not read the disk."""
    with delivery.open() as body:
        content = body.read()
    return replace(delivery, open=lambda: io.BytesIO(content))  # type: ignore[arg-type, return-value]


def test_rights_lost_in_a_folder(folder: Exchange, held: Sealed) -> None:
    with tempfile.TemporaryDirectory() as shared:
        Path(shared).chmod(0o555)
        target, root = folder.target(url=Path(shared).as_uri(), receipts=shared), os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            with pytest.raises(ReceiverRefused, match="may not write") as told:
                target.send(held)
        finally:
            if root:
                os.seteuid(0)
        assert told.value.sent is False
        assert os.listdir(shared) == []


def test_no_room_in_a_folder(folder: Exchange, held: Sealed) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    target = folder.target()
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(ReceiverUnreachable, match="no room") as told:
            target.send(held)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert told.value.sent is False
    assert waiting(target, held, target.send(held))


def test_a_private_key_that_cannot_be_read_is_named(sftp: Exchange) -> None:
    with pytest.raises(ConfigurationError, match="private key"):
        sftp.target(key_file="/not/there").check()


def test_a_private_key_logs_in(sftp: Exchange) -> None:
    assert sftp.door
    sftp.faults.set("login_refused")
    del sftp.access["password"]
    assert sftp.target(key_file=str(sftp.door.user_key)).check()
