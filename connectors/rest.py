"""REST sources (接口): signed pages, landed verbatim; by page number or by cursor, read until nothing is missing."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import requests

from connectors.http import TRIES, TooLarge, new_session, pause, read_answer
from connectors.signing import Signer
from connectors.sql import earlier
from schemas.errors import SourceChanged, SourceRefused, SourceUnreachable
from schemas.exchange import Answer, Part, Position, Window

MAX_PAGES = 100_000


@dataclass
class RestPull:
    """One reading of one list. Position: {"time": newest update, "key": …}."""

    client: "RestSource"
    window: Window
    position: Position = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return self.window.after is None or self.window.sweep or "since" not in self.client.source

    def parts(self) -> Iterator[Part]:
        self.position = dict(self.window.after or {})
        paging = self._by_cursor() if self.client.source["paging"] == "cursor" else self._by_page()
        for number, body in enumerate(paging, 1):
            yield Part(f"page-{number:05d}", "json", iter([body]))

    def _by_page(self) -> Iterator[bytes]:
        """Pages until as many rows were seen as the source counts; the count is read again on every page."""
        seen: set[str] = set()
        rows_seen, number = 0, 0
        while True:
            number += 1
            body, data = self._get({"page": str(number)})
            rows, total = self._rows(data), int(_at(data, str(self.client.source["total"])))
            if rows:
                self._refuse_repeated(rows, seen)
                rows_seen += len(rows)
            self._advance(rows)
            yield body
            if not rows and rows_seen < total:
                raise SourceChanged(
                    f"the source counts {total} rows and gave {rows_seen}", where=self.client.where,
                    remedy="the list moved while it was read; it is read again from its start by the next run",
                )  # fmt: skip
            if rows_seen >= total:
                return

    def _by_cursor(self) -> Iterator[bytes]:
        cursor: str | None = ""
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            body, data = self._get({"cursor": cursor} if cursor else {})
            rows = self._rows(data)
            if rows:
                self._refuse_repeated(rows, seen)
            self._advance(rows)
            yield body
            cursor = _at(data, str(self.client.source["next"]))
            if not cursor:
                return
        raise SourceChanged("the cursor never ends", where=self.client.where, remedy="ask the department")

    def _get(self, params: dict[str, str]) -> tuple[bytes, Any]:
        source = self.client.source
        size = {"page": "size", "cursor": "limit"}[source["paging"]]
        params = {**params, size: str(source.get("size", 500))}
        after = self.window.after or {}
        if not self.complete and "time" in after:
            since = earlier(str(after["time"]), str(source.get("overlap", "1h")), self.client.where)
            params[str(source["since"])] = since
        return self.client.get(str(source["path"]), params)

    def _rows(self, data: Any) -> list[dict[str, Any]]:
        rows = _at(data, str(self.client.source["rows"]))
        if not isinstance(rows, list):
            raise SourceChanged(
                f"the answer holds no list {self.client.source['rows']}",
                where=self.client.where,
                remedy="correct source.rows",
            )
        return rows

    def _refuse_repeated(self, rows: list[dict[str, Any]], seen: set[str]) -> None:
        digest = sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
        if digest in seen:
            raise SourceChanged(
                "the source gave the same page twice",
                where=self.client.where,
                remedy="ask the department; nothing is lost",
            )
        seen.add(digest)

    def _advance(self, rows: list[dict[str, Any]]) -> None:
        cursor = self.client.source.get("cursor")
        times = [str(row[cursor]) for row in rows if cursor and row.get(cursor)]
        if times and max(times) > str(self.position.get("time", "")):
            self.position["time"] = max(times)


class RestSource:
    """One list behind one department's interface."""

    def __init__(self, access: Mapping[str, Any], source: Mapping[str, Any], where: str) -> None:
        self.url, self.source, self.where = str(access["url"]).rstrip("/"), source, where
        self.timeout = float(access.get("timeout", 60))
        self.session = new_session()
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
        return answer.body, self._opened(answer)

    def _tried(self, path: str, params: Mapping[str, str]) -> Answer:
        for tried in range(TRIES):
            headers = self.signer.headers(str(self.source.get("service", "")))
            try:
                answer = self._once(path, params, headers)
            except SourceUnreachable:
                if tried == TRIES - 1:
                    raise
                pause({}, tried)
                continue
            if answer.status < 500 and answer.status != 429:
                return answer
            pause(answer.headers, tried)
        raise SourceUnreachable(f"answers HTTP {answer.status}", where=self.where, remedy="it is tried again")

    def _once(self, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        try:
            got = self.session.get(
                self.url + path, params=dict(params), headers=dict(headers), timeout=self.timeout,
                allow_redirects=False, stream=True,
            )  # fmt: skip
            return read_answer(got)
        except (requests.RequestException, TooLarge) as error:
            raise SourceUnreachable(
                f"the interface broke off ({type(error).__name__})", where=self.where, remedy="it is tried again"
            ) from None

    def _opened(self, answer: Answer) -> Any:
        if answer.status in (401, 403):
            raise SourceRefused(f"answers HTTP {answer.status}", where=self.where, remedy="check requester and keys")
        if answer.status != 200:
            raise SourceRefused(f"answers HTTP {answer.status}", where=self.where, remedy="check url and source.path")
        try:
            data = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise SourceChanged("the answer is no JSON", where=self.where, remedy="check url and source.path") from None
        ok = self.source.get("ok", {"path": "code", "value": "0"})
        code = str(_at(data, str(ok["path"])))
        if code != str(ok["value"]):
            raise SourceRefused(
                f"answers code {code[:20]} in a good envelope", where=self.where, remedy="check signature and rights"
            )
        return data

    def _fetch_secret(self, path: str, headers: dict[str, str]) -> dict[str, Any]:
        data = self._opened(self._once(path, {}, headers))
        return dict(data.get("data") or {})


def _at(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data.get(step) if isinstance(data, dict) else None
    return data
