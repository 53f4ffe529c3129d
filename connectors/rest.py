"""REST sources (接口): signed pages, landed verbatim; by page number or by cursor, read until nothing is missing."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import requests

from connectors.cursor import earlier, newest
from connectors.http import MAX_SECONDS, TRIES, TooLarge, ask, new_session, pause
from connectors.signing import Signer
from schemas.errors import SourceChanged, SourceRefused, SourceUnreachable
from schemas.exchange import Answer, Part, Position, Window

MAX_PAGES = 100_000


@dataclass
class RestPull:
    """One reading of one list. Position: {"time": newest update, "key": …}.

    When rows moved between pages while they were read, one may have slipped by: then the pull is not complete and
    the position stays, so that the next pull asks for all of it again.
    """

    client: "RestSource"
    window: Window
    position: Position = field(default_factory=dict)
    moved: bool = False

    @property
    def complete(self) -> bool:
        return self._asks_all and not self.moved

    @property
    def _asks_all(self) -> bool:
        return not self.window.after or self.window.sweep or "since" not in self.client.source

    def parts(self) -> Iterator[Part]:
        self.position = dict(self.window.after or {})
        paging = self._by_cursor() if self.client.source["paging"] == "cursor" else self._by_page()
        for number, body in enumerate(paging, 1):
            yield Part(f"page-{number:05d}", "json", iter([body]))
        if self.moved:
            self.position = dict(self.window.after or {})

    def _by_page(self) -> Iterator[bytes]:
        """Pages until as many rows were seen as the source counts; the count is read again on every page."""
        pages: set[str] = set()
        keys: set[str] = set()
        rows_seen, first_total = 0, None
        for number in range(1, MAX_PAGES):
            body, data = self._get({"page": str(number)})
            rows, total = self._rows(data), self._total(data)
            first_total = total if first_total is None else first_total
            self._refuse_repeated(rows, pages)
            here = {str(row.get(self.client.source["key"])) for row in rows}
            self.moved = self.moved or total != first_total or not keys.isdisjoint(here)
            keys |= here
            rows_seen += len(rows)
            self._advance(rows)
            yield body
            if rows_seen >= total:
                return
            if not rows:
                raise SourceUnreachable(
                    f"the source counts {total} rows and gave {rows_seen}", where=self.client.where,
                    remedy="the list moved while it was read; it is read again from its start",
                )  # fmt: skip
        raise SourceChanged("the pages never end", where=self.client.where, remedy="ask the department")

    def _total(self, data: Any) -> int:
        name = str(self.client.source["total"])
        found = _at(data, name)
        if isinstance(found, bool) or not str(found).isdecimal():
            raise SourceChanged(f"the answer holds no count {name}", where=self.client.where, remedy="see source.total")
        return int(str(found))

    def _by_cursor(self) -> Iterator[bytes]:
        cursor = ""
        pages: set[str] = set()
        cursors: set[str] = set()
        while cursor not in cursors:
            cursors.add(cursor)
            body, data = self._get({"cursor": cursor} if cursor else {})
            rows = self._rows(data)
            self._refuse_repeated(rows, pages)
            self._advance(rows)
            yield body
            cursor = str(_at(data, str(self.client.source["next"])) or "")
            if not cursor:
                return
        raise SourceChanged("the source gave the same cursor twice", where=self.client.where, remedy="ask them")

    def _get(self, params: dict[str, str]) -> tuple[bytes, Any]:
        source = self.client.source
        size = {"page": "size", "cursor": "limit"}[source["paging"]]
        params = {**params, size: str(source.get("size", 500))}
        after = self.window.after or {}
        if not self._asks_all and "time" in after:
            since = earlier(str(after["time"]), str(source.get("overlap", "1h")), self.client.where)
            if since is not None:
                params[str(source["since"])] = since
        return self.client.get(str(source["path"]), params)

    def _rows(self, data: Any) -> list[dict[str, Any]]:
        rows = _at(data, str(self.client.source["rows"]))
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SourceChanged(
                f"the answer holds no list of records {self.client.source['rows']}",
                where=self.client.where,
                remedy="correct source.rows",
            )
        return rows

    def _refuse_repeated(self, rows: list[dict[str, Any]], seen: set[str]) -> None:
        if not rows:
            return
        digest = sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
        if digest in seen:
            raise SourceChanged(
                "the source gave the same page twice",
                where=self.client.where,
                remedy="ask the department; nothing is lost",
            )
        seen.add(digest)

    def _advance(self, rows: list[dict[str, Any]]) -> None:
        cursor = str(self.client.source.get("cursor", ""))
        times = [str(row[cursor]) for row in rows if cursor and row.get(cursor)]
        time = newest(times, str(self.position.get("time", "")))
        keys = [str(row.get(self.client.source["key"])) for row in rows if time and str(row.get(cursor)) == time]
        if keys:
            self.position = {"time": time, "key": keys[-1]}


class RestSource:
    """One list behind one department's interface."""

    def __init__(self, access: Mapping[str, Any], source: Mapping[str, Any], where: str) -> None:
        self.url, self.source, self.where = str(access["url"]).rstrip("/"), source, where
        self.timeout = float(access.get("timeout", 60))
        self.session = new_session(str(access.get("ca", "")), where)
        self.signer = Signer(access["signing"], self._fetch_secret)

    def check(self) -> str:
        with self.pull(Window(None, True)) as pull:
            body, _ = pull._get({"page": "1"} if self.source["paging"] == "page" else {})
            return f"{self.source['path']} answers, {len(body)} bytes for a first page"

    @contextmanager
    def pull(self, window: Window) -> Iterator[RestPull]:
        yield RestPull(self, window)

    def get(self, path: str, params: Mapping[str, str]) -> tuple[bytes, Any]:
        """One signed reading, tried up to three times. Returns (verbatim body, parsed)."""
        answer = self._tried(path, params)
        try:
            return answer.body, self._opened(answer)
        except SourceRefused:
            if not self.signer.forget():
                raise
        answer = self._tried(path, params)  # the fetched secret may have been replaced before its end
        return answer.body, self._opened(answer)

    def _tried(self, path: str, params: Mapping[str, str]) -> Answer:
        for tried in range(TRIES):
            try:
                headers = self.signer.headers(str(self.source.get("service", "")))
                answer = self._once(path, params, headers)
            except SourceUnreachable:
                if tried == TRIES - 1:
                    raise
                pause({}, tried)
                continue
            if answer.status < 500 and answer.status != 429:
                return answer
            if tried < TRIES - 1:
                pause(answer.headers, tried)
        raise SourceUnreachable(f"answers HTTP {answer.status}", where=self.where, remedy="it is tried again")

    def _once(self, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        try:
            where, given = self.url + path, dict(params)
            return ask(
                self.session, "GET", where, params=given, headers=dict(headers), timeout=self.timeout,
                seconds=MAX_SECONDS,
            )  # fmt: skip
        except (requests.RequestException, TooLarge) as error:
            raise SourceUnreachable(
                f"the interface broke off ({type(error).__name__})", where=self.where, remedy="it is tried again"
            ) from None

    def _opened(self, answer: Answer) -> Any:
        if answer.status in (401, 403):
            raise SourceRefused(f"answers HTTP {answer.status}", where=self.where, remedy="check requester and keys")
        if answer.status >= 500 or answer.status == 429:
            raise SourceUnreachable(f"answers HTTP {answer.status}", where=self.where, remedy="it is tried again")
        if answer.status != 200:
            raise SourceRefused(f"answers HTTP {answer.status}", where=self.where, remedy="check url and source.path")
        try:
            data = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise SourceUnreachable(  # a gateway's page in the department's place, or half an answer: it may pass
                "the answer is no JSON", where=self.where, remedy="it is tried again; if it stays, check url and path"
            ) from None
        ok = self.source.get("ok", {"path": "code", "value": "0"})
        code = str(_at(data, str(ok["path"])))
        if code == str(ok["value"]):
            return data
        said = f"answers code {code}" if code.isascii() and code.isalnum() and len(code) <= 10 else "answers an error"
        if code.startswith("4"):
            raise SourceRefused(said, where=self.where, remedy="check requester, keys, service and rights")
        raise SourceUnreachable(said, where=self.where, remedy="it is tried again; ask the department if it stays")

    def _fetch_secret(self, path: str, headers: dict[str, str]) -> dict[str, Any]:
        data = self._opened(self._once(path, {}, headers))
        found = data.get("data")
        if not isinstance(found, dict):
            raise SourceRefused("gives no secret", where=self.where, remedy="check signing.secret_path and app_key")
        return found


def _at(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data.get(step) if isinstance(data, dict) else None
    return data
