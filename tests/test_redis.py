"""Rate limits and cache on a real Redis: shared by all processes, with fast fallback and recovery."""

import math
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import current_app
from flask.testing import FlaskClient

from forms_service import redis_client as guarding
from forms_service.caching import cached, clear_pattern
from forms_service.extensions import cache
from tests.conftest import MakeApp
from tests.support import servers
from tests.support.resolver import Resolver

pytestmark = pytest.mark.slow


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[servers.Redis]:
    """A Redis that may be frozen and killed."""
    program = shutil.which("redis-server")
    if not program:
        pytest.skip("needs redis-server")
    server = servers.Redis(program, tmp_path)
    yield server
    server.stop()


def remaining(client: FlaskClient) -> int:
    return int(client.post("/api/signup", json={}).headers["X-RateLimit-Remaining"])


def away(client: FlaskClient) -> bool:
    return bool(client.application.extensions["redis"].open)


def test_no_key_in_redis_shows_whom_it_counts(make_app: MakeApp, redis_url: str) -> None:
    app = make_app(REDIS_URL=redis_url)
    for path in ("/api/signup/resend", "/api/password/forgot", "/api/login"):
        credentials = {"email": "zebedee@example.com", "password": "Wrong-horse-7"}
        body = credentials if path == "/api/login" else {"email": credentials["email"]}
        answer = app.test_client().post(path, json=body, environ_base={"REMOTE_ADDR": "203.0.113.77"})
        assert answer.status_code in (202, 401)
    keys = [key.decode() for key in redis.Redis.from_url(redis_url).keys("*")]
    assert {key.split(":")[2] for key in keys if key.startswith("forms:limit:")} >= {"api", "resend", "forgot"}
    assert not [key for key in keys if "203.0.113" in key or "zebedee" in key]


def test_processes_count_together(make_app: MakeApp, redis_url: str) -> None:
    one, other = (make_app(REDIS_URL=redis_url).test_client() for _ in range(2))
    assert [remaining(one), remaining(other), remaining(one)] == [9, 8, 7]


def test_headers_and_retry_after_are_true(make_app: MakeApp, redis_url: str) -> None:
    client = make_app(REDIS_URL=redis_url, SIGNUP_RATE_LIMIT="2/3").test_client()
    before = time.time()
    first = client.post("/api/signup", json={})
    after = time.time()
    assert before + 2.9 <= int(first.headers["X-RateLimit-Reset"]) <= time.time() + 4
    client.post("/api/signup", json={})
    sent_at = time.time()
    refused = client.post("/api/signup", json={})
    assert refused.status_code == 429
    least, most = math.ceil(before + 3 - time.time()), math.ceil(after + 3 - sent_at)
    assert least <= int(refused.headers["Retry-After"]) <= most, "3, unless the machine took a second for all this"
    time.sleep(int(refused.headers["Retry-After"]))
    assert client.post("/api/signup", json={}).status_code == 422


def test_a_refused_request_is_charged_to_no_limit(make_app: MakeApp, redis_url: str) -> None:
    client = make_app(REDIS_URL=redis_url, SIGNUP_RATE_LIMIT="1/60", RATE_LIMIT_REQUESTS="3").test_client()
    assert [client.post("/api/signup", json={}).status_code for _ in range(5)] == [422, 429, 429, 429, 429]
    assert client.get("/api/openapi.json").headers["X-RateLimit-Remaining"] == "1"


@pytest.mark.slow
@pytest.mark.parametrize("how", ["frozen", "gone"])
def test_limits_go_on_in_the_database_and_come_back(make_app: MakeApp, own_redis: servers.Redis, how: str) -> None:
    client = make_app(REDIS_URL=own_redis.url, SIGNUP_RATE_LIMIT="100/900").test_client()
    assert remaining(client) == 99
    if how == "frozen":
        own_redis.freeze()
    else:
        own_redis.stop()
    assert remaining(client) == 99, "the database starts from nothing"
    assert remaining(client) == 98
    assert client.get("/health").json["status"] == "degraded"
    assert "forms_redis_away 1.0" in client.get("/metrics").text
    if how == "frozen":
        own_redis.thaw()
    else:
        own_redis.start()
    until = time.monotonic() + 10
    while away(client) and time.monotonic() < until:
        time.sleep(guarding.RETRY_INTERVAL / 4)
        last = remaining(client)
    assert not away(client)
    assert (last < 99) is (how == "frozen"), "a Redis that was frozen counts on from where it was"
    assert client.get("/health").json["status"] == "healthy"


def test_connecting_and_asking_together_take_half_a_second_at_most() -> None:
    assert 2 * guarding.TIMEOUT <= 0.5


@pytest.mark.slow
def test_a_redis_that_was_never_there_stops_no_start(make_app: MakeApp) -> None:
    client = make_app(REDIS_URL=f"redis://127.0.0.1:{servers.free_port()}").test_client()
    assert client.get("/health/live").status_code == 200
    assert remaining(client) == 9
    assert client.get("/health").json["checks"]["cache"]["status"] == "degraded"


class TestCache:
    """Values in Redis."""

    @pytest.fixture
    def context(self, make_app: MakeApp, redis_url: str) -> Iterator[None]:
        with make_app(REDIS_URL=redis_url, REDIS_TTL="50").app_context():
            yield

    def test_keeps_json_and_only_json(self, context: None) -> None:
        value = {"a": [1, None, "ä"], "b": {"c": True}}
        assert cache.set("key", value)
        assert cache.get("key") == value
        stored = current_app.extensions["redis"].client.get("forms:cache:key")
        assert stored == b'{"a":[1,null,"\\u00e4"],"b":{"c":true}}'
        with pytest.raises(TypeError):
            cache.set("other", object())

    def test_runs_nothing_that_somebody_else_wrote(self, context: None) -> None:
        client = current_app.extensions["redis"].client
        client.set("forms:cache:key", b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.")
        assert cache.get("key") is None

    def test_values_live_as_long_as_told(self, context: None) -> None:
        cache.set("short", 1, timeout=10)
        cache.set("default", 1)
        client = current_app.extensions["redis"].client
        assert 8 < client.ttl("forms:cache:short") <= 10
        assert 48 < client.ttl("forms:cache:default") <= 50

    def test_clears_by_pattern_and_nothing_else(self, context: None) -> None:
        for key in ("form:1", "form:2", "other:1"):
            cache.set(key, 1)
        current_app.extensions["redis"].client.set("somebody:elses", 1)
        assert clear_pattern("form:*") == 2
        assert [cache.get(key) for key in ("form:1", "form:2", "other:1")] == [None, None, 1]
        assert cache.clear()
        assert cache.get("other:1") is None
        assert current_app.extensions["redis"].client.get("somebody:elses") == b"1"

    @pytest.mark.slow
    def test_without_redis_there_is_no_cache_and_no_error(self, make_app: MakeApp, own_redis: servers.Redis) -> None:
        calls: list[int] = []

        @cached(ttl=60)
        def square(number: int) -> int:
            calls.append(number)
            return number * number

        def results() -> list[Any]:
            return [square(3), square(3)]

        with make_app(REDIS_URL=own_redis.url).app_context():
            assert results() == [9, 9]
            assert calls == [3]
            own_redis.stop()
            assert results() == [9, 9]
            assert calls == [3, 3, 3]
            assert clear_pattern("*") == 0
            assert not cache.delete("x")


def test_a_name_that_is_not_found_holds_nobody_up(make_app: MakeApp, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> Any:
        released.wait()
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    client = make_app(REDIS_URL="redis://cache.internal:6379").test_client()
    try:
        assert remaining(client) == 9
        assert client.get("/health").json["checks"]["cache"]["status"] == "degraded"
    finally:
        released.set()
    assert away(client)


def test_an_address_that_was_found_is_good_while_names_are_not(
    make_app: MakeApp, own_redis: servers.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_app(REDIS_URL=own_redis.url.replace("127.0.0.1", "localhost")).test_client()
    assert remaining(client) == 9
    client.application.extensions["redis"].client.connection_pool.disconnect()
    Resolver(monkeypatch)  # which knows no name
    assert remaining(client) == 8
    assert not away(client)
