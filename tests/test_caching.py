"""The in-memory cache and its decorator."""

from collections.abc import Iterator

import pytest
from flask import Flask
from prometheus_client import REGISTRY

from forms_service.caching import MAX_ENTRIES, cached, clear_pattern
from forms_service.extensions import cache
from tests.support.visitors import form_for


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def lookups(result: str) -> float:
    return REGISTRY.get_sample_value("forms_cache_lookups_total", {"result": result}) or 0


def test_a_function_is_called_once_for_the_same_arguments() -> None:
    calls = []

    @cached(ttl=60, key_prefix="test")
    def join(*parts: str, by: str = "-") -> str | None:
        calls.append(parts)
        return by.join(parts) or None

    hits, misses = lookups("hit"), lookups("miss")
    assert [join("a", "b"), join("a", "b"), join("a", "b", by="+"), join(), join()] == ["a-b", "a-b", "a+b", None, None]
    assert calls == [("a", "b"), ("a", "b"), ()]
    assert (lookups("hit") - hits, lookups("miss") - misses) == (2, 3)


def test_a_condition_says_what_is_kept() -> None:
    calls = []

    @cached(ttl=60, condition=lambda number: number > 1)
    def double(number: int) -> int:
        calls.append(number)
        return number * 2

    assert [double(1), double(1), double(2), double(2)] == [2, 2, 4, 4]
    assert calls == [1, 1, 2]


def test_a_kept_value_is_a_copy() -> None:
    value = {"list": [1]}
    cache.set("key", value)
    value["list"].append(2)
    cache.get("key")["list"].append(3)
    assert cache.get("key") == {"list": [1]}


def test_the_oldest_go_when_it_is_full() -> None:
    for number in range(MAX_ENTRIES):
        cache.set(f"n{number}", number, timeout=10_000 - number)
    cache.set("n0", "again")
    cache.set("more", 1)
    numbers = [number for number in range(MAX_ENTRIES) if cache.get(f"n{number}") is not None]
    assert numbers == [0, *range(2, MAX_ENTRIES)], "n1 was the oldest: n0 had been written anew"


def test_clears_by_pattern() -> None:
    for key in ("form:1", "form:2", "other:1"):
        cache.set(key, 1)
    assert clear_pattern("form:*") == 2
    assert clear_pattern("form:*") == 0
    assert cache.get("other:1") == 1


def test_refuses_what_is_not_json() -> None:
    with pytest.raises(TypeError):
        cache.set("key", {1, 2})


def test_each_app_has_a_cache_of_its_own(make_app) -> None:  # type: ignore[no-untyped-def]
    cache.set("key", 1)
    with make_app().app_context():
        assert cache.get("key") is None


def test_the_hit_rate_of_forms_is_a_metric(app: Flask) -> None:
    client, form_id = app.test_client(), form_for(app)
    client.get(f"/f/{form_id}")
    before = REGISTRY.get_sample_value("forms_form_cache_lookups_total", {"result": "hit"}) or 0
    client.get(f"/f/{form_id}")
    assert f'forms_form_cache_lookups_total{{result="hit"}} {before + 1}' in client.get("/metrics").text
