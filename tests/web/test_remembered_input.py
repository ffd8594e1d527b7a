"""Caches of what was parsed keep no visitor's body or header in memory."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from forms_service.web import form_data, json_reader, user_agents

SIZE = 2**18
TIMES = 20


@pytest.fixture(autouse=True)
def tracing() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


READERS: dict[str, Callable[[bytes], object]] = {
    "a zero": lambda digits: json_reader.read_form_json(b'{"a":0.' + digits + b"}"),
    "a charset": lambda label: list(form_data.decode_fields([form_data.RawField(b"_charset_", label)])),
    "a declared charset": lambda label: list(form_data.decode_fields([], f"x{label.decode()}")),
    "a browser": lambda name: user_agents.family(name.decode()),
}


@pytest.mark.parametrize("name", READERS)
def test_long_input_is_not_remembered(name: str) -> None:
    before, _ = tracemalloc.get_traced_memory()
    for number in range(TIMES):
        READERS[name](b"0" * (SIZE + number))
    after, _ = tracemalloc.get_traced_memory()
    assert after - before < SIZE
