"""Owns what may go wrong at a department's interface (接口): a front between us and the sandbox's own, real HTTP.

`expect` as in source_faults.py; and "later": nothing wrong goes out, and the run after it has all.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.departments.water import WaterDepartment
from sandbox.generator.story import Row
from sandbox.server import Handler, LocalServer

Data = dict[str, Any]
CONTENT = "punishContent"
NEWER = {CONTENT: "罚款人民币一万元整（重新核定）"}


@dataclass
class Page:
    """One answer on its way: the department's own, until a fault changes it. No status: the connection is reset."""

    data: Data
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    more: int = 0

    def rows(self) -> list[Data]:
        found: list[Data] = self.data["data"]["rows"]
        return found


Spoil = Callable[["Front", int, Page], None]


class Front:
    """Answers as the department does, but for what `spoil` makes of the `turn`-th answer of a run (from 1)."""

    def __init__(self, department: WaterDepartment, rows: list[Row], row: Row) -> None:
        self.department, self.rows, self.row = department, rows, row
        self.spoil: Spoil = lambda front, turn, page: None
        self.turn, self.last = 0, dict[str, Any]()
        front = self

        class Service(Handler):
            def do_GET(self) -> None:
                front.serve(self)

        self._server = LocalServer(Service)
        self.url = f"http://127.0.0.1:{self._server.port}/api"

    def serve(self, asked: Handler) -> None:
        at = urlsplit(asked.path)
        reply = self.department.reply(at.path, dict(parse_qsl(at.query)), dict(asked.headers.items()))
        page = Page(reply or {})
        if at.path.endswith("/penalties"):
            self.turn += 1
            self.spoil(self, self.turn, page)
        if not page.status:
            asked.hang_up()
            return
        body = json.dumps(page.data).encode() if page.body is None else page.body
        asked.answer_bytes(page.status, body, len(body) + page.more, page.headers)

    def hold(self, *rows: Row, without: str = "") -> None:
        """The department has these rows too from now on (over those of the same id), and one no more."""
        new = {str(row["id"]) for row in rows} | {without}
        self.department.hold([*(row for row in self.rows if str(row["id"]) not in new), *rows], [])

    def stop(self) -> None:
        self._server.stop()


@dataclass(frozen=True, slots=True)
class RestFault:
    """`before` changes what the department has, `spoil` its answers."""

    name: str
    expect: str
    spoil: Spoil = lambda front, turn, page: None
    before: Callable[[Front], None] = lambda front: None


def _answer(turns: range, **changes: Any) -> Spoil:
    """Those answers are other ones."""

    def spoil(front: Front, turn: int, page: Page) -> None:
        if turn in turns:
            for name, value in changes.items():
                setattr(page, name, value)

    return spoil


def _data(turns: range, change: Callable[[Front, Data], None]) -> Spoil:
    """Something else stands in those answers."""

    def spoil(front: Front, turn: int, page: Page) -> None:
        if turn in turns and page.data["code"] == "0":
            change(front, page.data["data"])

    return spoil


def _meanwhile(change: Callable[[Front], None]) -> Spoil:
    """The list changes behind our back after the third answer."""

    def spoil(front: Front, turn: int, page: Page) -> None:
        if turn == 3:
            change(front)

    return spoil


def _repeat(front: Front, turn: int, page: Page) -> None:
    if turn == 2:
        page.data["data"]["rows"] = front.last["rows"]
    front.last = page.data["data"]


def _row(**changes: Any) -> Callable[[Front], None]:
    return lambda front: front.hold({**front.row, **changes})


def _first(front: Front) -> str:
    return str(min(front.rows, key=lambda row: (str(row["updateTime"]), str(row["id"])))["id"])


ONCE, ALWAYS = range(3, 4), range(1, 10_000)
_OLD = {"updateTime": "2020-01-01 00:00:00"}
REFUSED = {"code": "401", "message": "令牌过期", "data": None}
REST_FAULTS = (
    RestFault("500 once", "whole", _answer(ONCE, status=500)),
    RestFault("502 always, with a page of a proxy", "refused", _answer(ALWAYS, status=502, body=b"<html>502</html>")),
    RestFault("429 once", "whole", _answer(ONCE, status=429, headers={"Retry-After": "1"})),
    RestFault("the connection is reset once", "whole", _answer(ONCE, status=0)),
    RestFault("the connection is reset always", "refused", _answer(ALWAYS, status=0)),
    RestFault("the body is cut short", "refused", _answer(range(3, 10_000), more=99)),
    RestFault("the JSON is cut short", "refused", _answer(ONCE, body=b'{"code": "0", "data": {"rows": [{"id"')),
    RestFault("a page of HTML with 200", "refused", _answer(ONCE, body=b"<html>\xe7\x99\xbb\xe5\xbd\x95</html>")),
    RestFault("the token lapses in the middle", "whole", _answer(ONCE, data=REFUSED)),
    RestFault("the token lapses and no other is taken", "refused", _answer(range(3, 10_000), data=REFUSED)),
    RestFault("a redirect to another host", "refused", _answer(range(3, 99), status=302, headers={"Location": "http://192.0.2.1"})),
    RestFault("the same page twice", "refused", _repeat),
    RestFault("an empty page in the middle", "refused", _data(ONCE, lambda front, data: data.update(rows=[]))),
    RestFault("no list of rows", "refused", _data(ONCE, lambda front, data: data.update(rows=None))),
    RestFault("no count", "refused", _data(ONCE, lambda front, data: data.pop("total"))),
    RestFault("a count that never is reached", "refused", _data(ALWAYS, lambda front, data: data.update(total=10**6))),
    RestFault("no rows where there were", "refused", _data(ALWAYS, lambda front, data: data.update(rows=[], total=0))),
    RestFault("a row gone from page 1 meanwhile", "later", _meanwhile(lambda one: one.hold(without=_first(one)))),
    RestFault("a row changed meanwhile", "later", _meanwhile(lambda front: front.hold({**front.row, **NEWER, **_OLD}))),
    RestFault("a row put before meanwhile", "later", _meanwhile(lambda one: one.hold({**one.row, "id": "1", **_OLD}))),
    RestFault("a late row, behind the watermark", "sent", before=_row(**NEWER, **_OLD)),
    RestFault("a row changed", "sent", before=_row(**NEWER)),
    RestFault("a row deleted", "revoked", before=lambda front: front.hold(without=str(front.row["id"]))),
    RestFault("a row marked as deleted", "revoked", before=_row(isDeleted="1")),
    RestFault("no update time", "sent", before=_row(updateTime=None, **NEWER)),
    RestFault("the same row twice", "whole", before=lambda front: front.hold(front.row, {**front.row, "id": "1"})),
    RestFault("a number in exponent form", "either", before=_row(fineAmount="1E-1")),
    RestFault("NUL in a text", "either", before=_row(**{CONTENT: "罚款\0一万元"})),
    RestFault("half a surrogate", "either", before=_row(**{CONTENT: "罚款\ud83d一万元"})),
    RestFault("a private-use character", "either", before=_row(**{CONTENT: "罚款\ue5f1一万元"})),
    RestFault("characters of GB 18030-2022", "sent", before=_row(**{CONTENT: "罚款㑇䶮𫚉𬭎一万元"})),
    RestFault("marks that turn the reading round", "either", before=_row(**{CONTENT: "\u202e罚款一万元\u2066"})),
    RestFault("a list where a text should be", "either", before=_row(**{CONTENT: ["罚款"]})),
    RestFault("an object where a text should be", "either", before=_row(**{CONTENT: {"a": 1}})),
)  # fmt: skip
