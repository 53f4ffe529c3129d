"""A receiver that takes files (文件交换): a folder, or one behind SFTP. The data file first, its manifest last.

A delivery's files are named by its key. Nothing that has its final name is ever written again: the same name has the
same bytes, or we say so and stop. Without its manifest a data file is nothing. The receiver judges when it pleases and
lays a receipt file of that key; until then the delivery is `unknown`, and asked about again.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from itertools import chain, repeat
from secrets import token_hex
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.file_forms import file_of
from connectors.file_places import FolderPlace, Place
from connectors.file_receipts import as_json
from connectors.receipts import parsed, read_receipt
from connectors.verdicts import JUDGED, WAITING, Patience, comes_and_goes, seen_there
from connectors.workbook import Sheets
from schemas.crash_points import crash_point
from schemas.errors import (
    AwaitingVerdicts,
    GuijiError,
    ReceiptMismatch,
    ReceiverRefused,
    ReceiverUnreachable,
)
from schemas.exchange import Answer, Receipt, Sealed

MAX_RECEIPT, MAX_MANIFEST = 64 * 1024**2, 4096
DIGEST = re.compile("[0-9a-f]{64}")
NAME = re.compile(r"[0-9A-Za-z]{16,128}")


class FileTarget:
    """One receiver. `wait` seconds, in all, one run waits for receipts."""

    def __init__(self, access: Mapping[str, Any], where: str, sheets: Mapping[str, Sheets]) -> None:
        self.access, self.where, self.sheets = access, where, sheets
        self.address, self.form = urlsplit(str(access["url"])), str(access["format"])
        self.folder = unquote(self.address.path).rstrip("/")
        self.receipts = str(access.get("receipts", self.folder)).rstrip("/")
        self.patience = Patience(float(access.get("wait", 0)))

    def check(self) -> str:
        with self._place() as place:
            for folder in (self.folder, self.receipts):
                place.check(folder)
        return "the folder is there"

    def send(self, sealed: Sealed) -> Answer:
        """Raises what a Place does, and ReceiptMismatch for other bytes under a name of this delivery.

        `sent` is False of what is raised while the manifest cannot have got its name.
        """
        with ExitStack() as stack:
            with _unsent():
                place = stack.enter_context(self._place())
                found = self._look(place, sealed.key)
                manifest = b"" if found else self._laid(place, sealed)
                new = "" if found else self._written(place, self._at(sealed.key, "ok"), manifest)
            if new:
                self._named(place, new, self._at(sealed.key, "ok"), manifest, "manifest")
            try:
                answer = self._judged(place, sealed.key, verified=not found)
            except GuijiError:
                if not new:
                    raise
                answer = None
        if answer is None and new:  # it lay there, that much is known
            return Answer(WAITING, {"Source": f"file {sealed.key}.ok"}, manifest)
        if answer is None:
            raise comes_and_goes(self.where)
        return answer

    def inquire(self, key: str) -> Answer | None:
        """None when neither a manifest nor a receipt of this delivery is there."""
        with self._place() as place:
            return self._judged(place, key)

    def read(self, sealed: Sealed, answer: Answer) -> Receipt:
        """Raises AwaitingVerdicts, ReceiverRefused, ReceiptMismatch, or ReceiverUnreachable for what cannot be read."""
        with seen_there():
            return self._read(sealed, answer)

    def _read(self, sealed: Sealed, answer: Answer) -> Receipt:
        said = parsed(answer.body, self.where)
        if answer.status == WAITING:
            if (said.get("key"), said.get("count"), said.get("digest")) != (sealed.key, sealed.count, sealed.digest):
                raise self._other()
            raise AwaitingVerdicts(
                "the delivery lies there and is not judged yet", where=self.where, remedy="the next run looks again"
            )
        if "sha256" in said and said["sha256"] != self._sent_digest(sealed, answer):
            raise ReceiptMismatch("judges another file", where=self.where, remedy="ask the receiver what it read")
        if isinstance(said.get("refused"), dict) and (said.get("key"), said.get("count")) == (sealed.key, sealed.count):
            raise ReceiverRefused(
                "the receipt says that the whole delivery is refused",
                where=self.where,
                remedy="read the receipt; when the receiver has taken it and our manifest away, run again",
            )
        return read_receipt(answer.body, sealed, self.where)

    def _laid(self, place: Place, sealed: Sealed) -> bytes:
        """Lay the data file there; the manifest that belongs to it. No time is in it: it is the same at every try."""
        content = file_of(sealed, self.form, self.sheets, self.where)
        path = self._at(sealed.key, self.form)
        if part := self._written(place, path, content):
            self._named(place, part, path, content, "data")
        words = {
            "key": sealed.key, "feed": sealed.feed, "record_type": sealed.record_type, "count": sealed.count,
            "digest": sealed.digest, "file": path.rpartition("/")[2], "format": self.form, "size": len(content),
            "sha256": sha256(content).hexdigest(),
        }  # fmt: skip
        return json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    def _written(self, place: Place, path: str, content: bytes) -> str:
        """Write it under a name that no other run has, and read it back. Empty when it lies there already."""
        there = place.read(path, len(content))
        if there is not None:
            if there != content:
                raise self._other()
            return ""
        part = f"{path}.{token_hex(4)}.part"
        place.write(part, content)
        if place.read(part, len(content)) != content:
            place.discard(part)
            remedy = "the next run writes it anew; if it stays so, ask the receiver about its disk"
            raise ReceiverUnreachable("what was written reads back otherwise", where=self.where, remedy=remedy)
        return part

    def _named(self, place: Place, part: str, path: str, content: bytes, what: str) -> None:
        """Its own name, which it gets once."""
        crash_point(f"files.{what}.before_rename")
        if not place.place(part, path):
            place.discard(part)
            if place.read(path, len(content)) != content:
                raise self._other()
        crash_point(f"files.{what}.after_rename")

    def _judged(self, place: Place, key: str, verified: bool = False) -> Answer | None:
        looks = chain([verified], repeat(True))
        return self.patience.look(lambda: self._look(place, key, next(looks)))

    def _look(self, place: Place, key: str, verified: bool = False) -> Answer | None:
        """The receipt, else the manifest, as they lie there; the data file is read back unless that was done."""
        manifest = place.read(self._at(key, "ok"), MAX_MANIFEST)
        sent = parsed(manifest, self.where) if manifest is not None else {}
        head = {"Sent-Digest": f"sha-256={sent['sha256']}"} if DIGEST.fullmatch(str(sent.get("sha256"))) else {}
        found = [
            (form, body) for form in ("json", "csv")
            if (body := place.read(f"{self.receipts}/{key}.receipt.{form}", MAX_RECEIPT)) is not None
        ]  # fmt: skip
        if len(found) > 1:
            raise ReceiptMismatch(
                "two receipts lie there", where=self.where, remedy="ask the receiver which one counts"
            )
        for form, body in found:
            head["Source"] = f"file {key}.receipt.{form}"
            if len(body) > MAX_RECEIPT:
                raise ReceiverUnreachable("the receipt is too long to be one", where=self.where, remedy="ask them")
            return Answer(JUDGED, head, body if form == "json" else as_json(body))
        if manifest is None:
            return None
        if not verified:
            self._verify(place, key, sent)
        return Answer(WAITING, head | {"Source": f"file {key}.ok"}, manifest)

    def _verify(self, place: Place, key: str, sent: Mapping[str, Any]) -> None:
        """The data file that the manifest speaks of; it may have been taken in already."""
        size = sent.get("size")
        content = place.read(self._at(key, self.form), size if type(size) is int and size >= 0 else 0)
        if content is not None and sha256(content).hexdigest() != sent.get("sha256"):
            raise self._other()

    def _sent_digest(self, sealed: Sealed, answer: Answer) -> str:
        """Of the file: as its manifest says, or of the file made anew where the manifest was taken away."""
        told = answer.headers.get("Sent-Digest", "").removeprefix("sha-256=")
        return told or sha256(file_of(sealed, self.form, self.sheets, self.where)).hexdigest()

    def _at(self, key: str, ending: str) -> str:
        if not NAME.fullmatch(key):
            raise GuijiError("is no key of a delivery", where=self.where, remedy="report it: a defect of ours")
        return f"{self.folder}/{key}.{ending}"

    def _other(self) -> ReceiptMismatch:
        return ReceiptMismatch(
            "other bytes lie there under the name of this delivery",
            where=self.where,
            remedy="nothing was overwritten: ask the receiver who changed them; have them removed, then run again",
        )

    @contextmanager
    def _place(self) -> Iterator[Place]:
        place: Place
        if self.address.scheme == "sftp":
            from connectors.sftp import SftpPlace

            place = SftpPlace(self.address, self.access, self.where)
        else:
            place = FolderPlace(self.where)
        try:
            yield place
        finally:
            place.close()


@contextmanager
def _unsent() -> Iterator[None]:
    """What is raised here comes before the manifest could have got its name."""
    try:
        yield
    except GuijiError as error:
        error.sent = False
        raise
