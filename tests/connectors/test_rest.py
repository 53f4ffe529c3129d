"""REST sources over real HTTP: paging edges, a list that moves, errors in good envelopes, bounded tries."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from connectors import http
from connectors.registry import open_source
from schemas.errors import SourceChanged, SourceRefused, SourceUnreachable
from schemas.exchange import Source, Window

PAGE = {"path": "/p", "paging": "page", "size": 2, "rows": "data.rows", "total": "data.total", "key": "id",
        "cursor": "t", "since": "updated_after", "overlap": "1h"}  # fmt: skip
CURSOR = {**{k: v for k, v in PAGE.items() if k != "total"}, "paging": "cursor", "next": "data.next"}
FIRST = Window(None, False)
LATER = Window({"time": "2026-01-02 12:00:00", "key": "1"}, False)


def rows(*ids: int) -> list[dict[str, Any]]:
    return [{"id": n, "t": f"2026-01-{n:02d} 00:00:00"} for n in ids]


def source(url: str, options: dict[str, Any]) -> Source:
    access = {"method": "rest", "url": url, "signing": {"scheme": "none"}, "timeout": 5}
    return open_source(access, options, "departments/x/penalty.yaml")


def paged(total: Callable[[int], int], pages: dict[int, list[dict[str, Any]]]) -> Callable[[Any], Any]:
    def answer(asked: Any) -> Any:
        page = int(asked.query["page"])
        data = {"code": "0", "data": {"total": total(page), "rows": pages.get(page, [])}}
        return 200, {}, json.dumps(data).encode()

    return answer


def read(opened: Source, window: Window = FIRST) -> tuple[list[bytes], dict[str, Any], bool]:
    with opened.pull(window) as pull:
        bodies = [b"".join(part.chunks) for part in pull.parts()]
        return bodies, pull.position, pull.complete


def test_a_full_last_page_ends_the_reading_and_bodies_are_verbatim(server: Any) -> None:
    server.answer = paged(lambda page: 4, {1: rows(1, 2), 2: rows(3, 4)})
    bodies, position, complete = read(source(server.url, PAGE))
    assert bodies == [server.answer(asked)[2] for asked in server.asked]
    assert len(bodies) == 2
    assert (position, complete) == ({"time": "2026-01-04 00:00:00", "key": "4"}, True)


def test_an_empty_list_is_one_part(server: Any) -> None:
    server.answer = paged(lambda page: 0, {})
    assert len(read(source(server.url, PAGE))[0]) == 1


def test_the_same_page_twice_is_refused(server: Any) -> None:
    server.answer = paged(lambda page: 9, dict.fromkeys(range(1, 9), rows(1, 2)))
    with pytest.raises(SourceChanged, match="same page twice"):
        read(source(server.url, PAGE))


def test_missing_rows_are_not_taken_for_all(server: Any) -> None:
    server.answer = paged(lambda page: 5, {1: rows(1, 2), 2: rows(3)})
    with pytest.raises(SourceUnreachable, match="counts 5 rows and gave 3"):
        read(source(server.url, PAGE))


@pytest.mark.parametrize(
    ("total", "pages"),
    [
        (lambda page: 3 if page == 1 else 5, {1: rows(1, 2), 2: rows(3, 4), 3: rows(5)}),  # grew: read on
        (lambda page: 4 if page == 1 else 3, {1: rows(1, 2), 2: rows(4)}),  # one deleted: 3 slipped to page 1
        (lambda page: 4, {1: rows(1, 2), 2: rows(2, 3)}),  # one put in before, one deleted
    ],
)
def test_a_list_that_moved_is_landed_but_not_believed_whole(server: Any, total: Any, pages: Any) -> None:
    server.answer = paged(total, pages)
    bodies, position, complete = read(source(server.url, PAGE), Window(LATER.after, True))
    assert len(bodies) == len(pages)
    assert (position, complete) == (LATER.after, False)


def test_an_increment_asks_from_the_overlap_and_a_sweep_asks_for_all(server: Any) -> None:
    server.answer = paged(lambda page: 1, {1: rows(3)})
    assert not read(source(server.url, PAGE), LATER)[2]
    assert server.asked[-1].query["updated_after"] == "2026-01-02 11:00:00"
    assert read(source(server.url, PAGE), Window(LATER.after, True))[2]
    assert "updated_after" not in server.asked[-1].query


def test_cursors_are_followed_to_the_end_and_never_in_a_circle(server: Any) -> None:
    after = {"": ("b", rows(1, 2)), "b": ("c", []), "c": (None, rows(3))}

    def answer(asked: Any) -> Any:
        following, found = after[asked.query.get("cursor", "")]
        return 200, {}, json.dumps({"code": "0", "data": {"next": following, "rows": found}}).encode()

    server.answer = answer
    assert len(read(source(server.url, CURSOR))[0]) == 3
    after["c"] = ("b", [])
    with pytest.raises(SourceChanged, match="same cursor twice"):
        read(source(server.url, CURSOR))


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"code": "401"}, SourceRefused), ({"code": "403"}, SourceRefused), ({"code": "500"}, SourceUnreachable),
        ({"code": "甲某 372"}, SourceUnreachable), ({"code": "0", "data": {"rows": None}}, SourceChanged),
        ({"code": "0", "data": {"rows": []}}, SourceChanged), ({"code": "0", "data": {"rows": ["x"]}}, SourceChanged),
        ([], SourceUnreachable),
    ],
)  # fmt: skip
def test_what_a_good_status_may_hide(server: Any, data: Any, error: type[Exception]) -> None:
    server.says(data)
    with pytest.raises(error) as told:
        read(source(server.url, PAGE))
    assert "甲" not in str(told.value)


@pytest.mark.parametrize(("status", "asked"), [(401, 1), (404, 1), (302, 1), (500, 3), (429, 3)])
def test_tries_are_bounded_and_only_where_they_help(
    server: Any, monkeypatch: pytest.MonkeyPatch, status: int, asked: int
) -> None:
    monkeypatch.setattr(http.time, "sleep", lambda seconds: None)
    server.says({"code": "0"}, status)
    with pytest.raises((SourceRefused, SourceUnreachable), match=str(status)):
        read(source(server.url, PAGE))
    assert len(server.asked) == asked


def test_a_connection_lost_once_is_read_again(server: Any) -> None:
    good = paged(lambda page: 1, {1: rows(1)})
    server.answer = lambda asked: None if len(server.asked) == 1 else good(asked)
    assert len(read(source(server.url, PAGE))[0]) == 1
    assert len(server.asked) == 2


def test_retry_after_is_honoured_up_to_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(http.time, "sleep", waited.append)
    for headers in ({"Retry-After": "7"}, {"Retry-After": "9000"}, {"Retry-After": "-1"}):
        http.pause(headers, 1)
    assert waited == [7, 30, 0.4]
