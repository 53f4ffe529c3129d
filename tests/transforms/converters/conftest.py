"""One text through one converter: the value and the codes of its flags."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from transforms.converters.registry import get

Read = Callable[..., tuple[object, set[str]]]


@pytest.fixture
def read() -> Read:
    def one(name: str, text: str, **parameters: str) -> tuple[object, set[str]]:
        converted = get(name)(pa.array([text], pa.string()), parameters)
        return converted.values[0].as_py(), {flag.code for flag in converted.flags}

    return one
