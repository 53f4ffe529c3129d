"""Access methods by name: every wrong key is named with its file and its remedy, before anything is reached."""

from typing import Any

import pytest

from connectors.registry import check_source, check_target
from schemas.errors import ConfigurationError

SQL = ({"method": "sql", "url": "sqlite:///x"}, {"table": "t", "key": "id"})
NONE = {"scheme": "none"}
REST = (
    {"method": "rest", "url": "http://x", "signing": NONE},
    {"path": "/p", "paging": "page", "rows": "r", "total": "t", "key": "id"},
)
WHERE = "departments/x/penalty.yaml"


@pytest.mark.parametrize(
    ("good", "access", "source", "words"),
    [
        (SQL, {"method": "sqk"}, {}, "did you mean sql"), (SQL, {"method": None}, {}, "does not exist"),
        (SQL, {"ulr": "x"}, {}, "did you mean url"), (SQL, {}, {"overlaps": "1h"}, "did you mean overlap"),
        (SQL, {}, {"overlap": "soon"}, "write 30m"), (REST, {}, {"paging": "pages"}, "did you mean page"),
        (REST, {}, {"paging": "cursor"}, "next is missing"), (REST, {"signing": "none"}, {}, "is no list of keys"),
        (REST, {"signing": {"scheme": "gjgx"}}, {}, "does not exist"),
        *((REST, {"url": url}, {}, "no address") for url in (
            "file:///etc/passwd", "ftp://x/", "gopher://x", "http+unix://%2Frun", "//x", "x", "http://u:p@x/", "jar:http://x",
        )),
        (REST, {"signing": {"scheme": "sd", "client_id": "c"}}, {}, "secret is missing"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_named_with_its_remedy(good: Any, access: Any, source: Any, words: str) -> None:
    check_source(*good, WHERE)
    with pytest.raises(ConfigurationError, match=words) as told:
        check_source({**good[0], **access}, {**good[1], **source}, WHERE)
    assert WHERE in str(told.value)
    assert told.value.remedy


def test_a_receiver_needs_its_secret_given() -> None:
    access: dict[str, Any] = {"method": "rest", "url": "http://x", "service": "s"}
    fetched = {"scheme": "gjgxjhpt", "requester": "r", "app_key": "a", "secret_path": "/s"}
    check_target({**access, "signing": {"scheme": "gjgxjhpt", "requester": "r", "secret": "s"}}, WHERE)
    with pytest.raises(ConfigurationError, match="secret is missing"):
        check_target({**access, "signing": fetched}, WHERE)
    with pytest.raises(ConfigurationError, match="service is missing"):
        check_target({"method": "rest", "url": "http://x", "signing": NONE}, WHERE)
