"""Owns the water department 水利: a REST service with signed headers, pages for penalties, a cursor for licences."""

import base64
import binascii
import hashlib
import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox import signatures
from sandbox.end import End
from sandbox.generator.nights import Night
from sandbox.generator.story import Row
from sandbox.server import Handler, LocalServer

RID = "guiji-water"
SECRET_LIFE_MS = 60 * 60 * 1000
LARGEST_PAGE = 1000
_AMOUNTS = ("fineAmount", "confiscateAmount")
_PLAIN_NUMBER = re.compile(r"\d+\.\d\d")

Wire = dict[str, Any]


class _BadRequest(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Held:
    """What the service holds now, in its order; replaced as a whole when a night passes."""

    penalties: tuple[Wire, ...] = ()
    licences: tuple[Wire, ...] = ()


def on_the_wire(rows: list[Row]) -> tuple[Wire, ...]:
    """Rows ordered by (updateTime, id); plain amounts are JSON numbers in 万元, all else text or null."""
    ordered = sorted(rows, key=lambda row: (str(row["updateTime"]), str(row["id"])))
    return tuple({name: _value(name, value) for name, value in row.items()} for row in ordered)


def _value(name: str, value: str | None) -> str | float | None:
    if name in _AMOUNTS and value is not None and _PLAIN_NUMBER.fullmatch(value):
        return float(value)
    return value


def _number(query: dict[str, str], name: str, default: int, most: int | None = None) -> int:
    text = query.get(name, str(default))
    if not text.isdigit() or int(text) < 1:
        raise _BadRequest(f"参数 {name} 不正确")
    return min(int(text), most) if most else int(text)


def _first(rows: tuple[Wire, ...], after: str) -> int:
    """Where the rows updated later than `after` begin."""
    return bisect_right(rows, after, key=lambda row: str(row["updateTime"])) if after else 0


def _page(rows: tuple[Wire, ...], query: dict[str, str]) -> Wire:
    page, size = _number(query, "page", 1), _number(query, "size", 500, LARGEST_PAGE)
    first = _first(rows, query.get("updated_after", ""))
    begin = first + (page - 1) * size
    return {"total": len(rows) - first, "page": page, "rows": rows[begin : begin + size]}


def _place(row: Wire) -> tuple[str, str]:
    return str(row["updateTime"]), str(row["id"])


def _cursor(row: Wire) -> str:
    return base64.urlsafe_b64encode(json.dumps(_place(row)).encode()).decode()


def _after_cursor(rows: tuple[Wire, ...], cursor: str) -> int:
    try:
        time, key = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error) as error:
        raise _BadRequest("参数 cursor 不正确") from error
    return bisect_right(rows, (str(time), str(key)), key=_place)


def _slice(rows: tuple[Wire, ...], query: dict[str, str]) -> Wire:
    limit = _number(query, "limit", 500, LARGEST_PAGE)
    begin, cursor = _first(rows, query.get("updated_after", "")), query.get("cursor")
    begin = max(begin, _after_cursor(rows, cursor)) if cursor else begin
    end = begin + limit
    return {"next": _cursor(rows[end - 1]) if end < len(rows) else None, "rows": rows[begin:end]}


class WaterDepartment(End):
    """The service on loopback; `load` puts it into the state of a night."""

    def __init__(self, seed: int = 7, port: int = 0) -> None:
        self.app_key = hashlib.sha256(f"water app key {seed}".encode()).hexdigest()[:32]
        self.secret = hashlib.sha256(f"water secret {seed}".encode()).hexdigest()
        self._held = _Held()
        self._wanted_port = port
        self._server: LocalServer | None = None

    def load(self, night: Night) -> None:
        """Answer from now on with the rows of `night`."""
        self.hold(night.feeds["water/penalty"].rows, night.feeds["water/licence"].rows)

    def hold(self, penalties: list[Row], licences: list[Row]) -> None:
        """Answer from now on with these rows."""
        self._held = _Held(on_the_wire(penalties), on_the_wire(licences))

    def reply(self, path: str, query: dict[str, str], headers: dict[str, str]) -> Wire | None:
        """The JSON for one request, None where nothing lives; refusals are code 401 under HTTP 200."""
        sid, key = self._services().get(path, (None, ""))
        if sid is None:
            return None
        refused = signatures.refusal(headers, key, sid, RID)
        if refused:
            return {"code": "401", "message": refused, "data": None}
        try:
            return {"code": "0", "message": "", "data": self._data(sid, query)}
        except _BadRequest as error:
            return {"code": "400", "message": str(error), "data": None}

    def _services(self) -> dict[str, tuple[str, str]]:
        return {
            "/api/secret": ("water-secret", self.app_key),
            "/api/penalties": ("water-penalty", self.secret),
            "/api/licences": ("water-licence", self.secret),
        }

    def _data(self, sid: str, query: dict[str, str]) -> Wire:
        if sid == "water-penalty":
            return _page(self._held.penalties, query)
        if sid == "water-licence":
            return _slice(self._held.licences, query)
        return self._secret()

    def _secret(self) -> Wire:
        return {
            "secret": signatures.encrypted_secret(self.secret, self.app_key),
            "secretEndTime": signatures.now_ms() + SECRET_LIFE_MS,
        }

    @property
    def port(self) -> int:
        return self._server.port if self._server else self._wanted_port

    def env(self) -> dict[str, str]:
        """What department.yaml names."""
        return {
            "GUIJI_WATER_URL": f"http://127.0.0.1:{self.port}/api",
            "GUIJI_WATER_RID": RID,
            "GUIJI_WATER_APP_KEY": self.app_key,
        }

    def start(self) -> None:
        """Listen on loopback."""
        department = self

        class _Service(Handler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                reply = department.reply(parts.path, dict(parse_qsl(parts.query)), _headers(self))
                if reply is None:
                    self.answer(404, {"code": "404", "message": "没有该服务", "data": None})
                else:
                    self.answer(200, reply)

        self._server = LocalServer(_Service, self._wanted_port)

    def stop(self) -> None:
        """Stop listening."""
        if self._server:
            self._wanted_port = self._server.port
            self._server.stop()
            self._server = None


def _headers(handler: Handler) -> dict[str, str]:
    return {name.lower(): value for name, value in handler.headers.items()}
