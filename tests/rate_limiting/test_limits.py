"""Rate limits, counted in memory. The clock is replaced, so that minutes pass at once."""

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from limits import parse

from forms_service.rate_limiting import storage
from forms_service.rate_limiting.limits import rate_limit
from forms_service.rate_limiting.storage import LimitCheck, MemoryStorage
from tests.conftest import MakeApp


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.25

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(storage, "time", made)
    return made


def numbers(answer: Any) -> tuple[int, int, int]:
    names = ("Limit", "Remaining", "Reset")
    return tuple(int(answer.headers[f"X-RateLimit-{name}"]) for name in names)  # type: ignore[return-value]


def test_headers_and_retry_after_are_true_to_the_second(make_app: MakeApp, clock: Clock) -> None:
    client = make_app(SIGNUP_RATE_LIMIT="2/60").test_client()
    first = client.post("/api/signup", json={})
    assert numbers(first) == (2, 1, math.ceil(clock.now + 60))
    clock.now += 20
    second = client.post("/api/signup", json={})
    assert numbers(second) == (2, 0, math.ceil(clock.now + 40))
    clock.now += 10
    refused = client.post("/api/signup", json={})
    assert (refused.status_code, refused.json["error_type"]) == (429, "RateLimitError")
    assert numbers(refused) == (2, 0, math.ceil(clock.now + 30))
    assert refused.headers["Retry-After"] == "30"
    assert "30 seconds" in refused.json["message"]
    clock.now += 29.9
    assert client.post("/api/signup", json={}).headers["Retry-After"] == "1"
    clock.now += 0.1
    assert client.post("/api/signup", json={}).status_code == 422


def test_only_a_refusal_has_retry_after(client: FlaskClient) -> None:
    assert "Retry-After" not in client.post("/api/signup", json={}).headers


def test_invalid_bodies_count(make_app: MakeApp) -> None:
    client = make_app(SIGNUP_RATE_LIMIT="3/60").test_client()
    statuses = [client.post("/api/signup", **body).status_code for body in ({"json": {}}, {"data": b"x"}, {}, {})]
    assert statuses == [422, 415, 415, 429]


def test_asking_about_a_route_costs_nothing(make_app: MakeApp, ann: dict[str, Any]) -> None:
    client = make_app(SIGNUP_RATE_LIMIT="1/60").test_client()
    for method in ("HEAD", "OPTIONS", "GET"):
        client.open("/api/signup", method=method)
    assert client.post("/api/signup", json=ann).status_code == 201


def test_a_refused_request_is_charged_to_no_limit(make_app: MakeApp) -> None:
    client = make_app(SIGNUP_RATE_LIMIT="1/60", RATE_LIMIT_REQUESTS="3").test_client()
    statuses = [client.post("/api/signup", json={}).status_code for _ in range(5)]
    assert statuses == [422, 429, 429, 429, 429]
    answer = client.get("/api/openapi.json")
    assert (answer.status_code, numbers(answer)[:2]) == (200, (3, 1)), "one sign-up and this were charged"


def test_the_limit_nearest_its_end_is_shown(make_app: MakeApp) -> None:
    client = make_app(SIGNUP_RATE_LIMIT="10/60", RATE_LIMIT_REQUESTS="4").test_client()
    shown = [numbers(client.post("/api/signup", json={}))[:2] for _ in range(4)]
    assert shown == [(4, 3), (4, 2), (4, 1), (4, 0)]
    assert client.post("/api/signup", json={}).status_code == 429


def test_the_whole_api_shares_one_bucket_and_the_rest_has_none(make_app: MakeApp) -> None:
    client = make_app(RATE_LIMIT_REQUESTS="2").test_client()
    assert [client.get(path).status_code for path in ("/api/docs", "/api/nothing", "/api/openapi.json")] == [
        200,
        404,
        429,
    ]
    for path in ("/", "/health", "/health/live", "/metrics", "/signup", "/nothing"):
        answer = client.get(path)
        assert answer.status_code != 429
        assert "X-RateLimit-Limit" not in answer.headers


def test_clients_are_counted_apart_and_an_ipv6_customer_as_one(make_app: MakeApp) -> None:
    client = make_app(SIGNUP_RATE_LIMIT="1/60").test_client()

    def status(address: str) -> int:
        return client.post("/api/signup", json={}, environ_base={"REMOTE_ADDR": address}).status_code

    assert [status("192.0.2.1"), status("192.0.2.2"), status("192.0.2.1")] == [422, 422, 429]
    assert status("::ffff:192.0.2.2") == 429
    assert [status("2001:db8::1"), status("2001:db8::ffff:2"), status("2001:db8:0:1::1")] == [422, 429, 422]


def test_switched_off_there_are_no_limits_and_no_headers(make_app: MakeApp) -> None:
    client = make_app(RATE_LIMIT_ENABLED="false", SIGNUP_RATE_LIMIT="1/60").test_client()
    answers = [client.post("/api/signup", json={}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert "X-RateLimit-Limit" not in answers[0].headers


def test_two_apps_in_a_process_do_not_touch_each_other(make_app: MakeApp) -> None:
    strict, open_, off = (
        make_app(SIGNUP_RATE_LIMIT="1/60").test_client(),
        make_app(SIGNUP_RATE_LIMIT="5/60").test_client(),
        make_app(RATE_LIMIT_ENABLED="false").test_client(),
    )
    for _ in range(3):
        off.post("/api/signup", json={})
    assert [strict.post("/api/signup", json={}).status_code for _ in range(2)] == [422, 429]
    assert numbers(open_.post("/api/signup", json={}))[:2] == (5, 4)


def test_exactly_ten_of_two_hundred_at_once_pass_a_limit_of_ten(make_app: MakeApp) -> None:
    app = make_app(SIGNUP_RATE_LIMIT="10/900")

    def status(_: int) -> int:
        return app.test_client().post("/api/signup", json={}).status_code

    with ThreadPoolExecutor(50) as threads:
        statuses = list(threads.map(status, range(200)))
    assert (statuses.count(422), statuses.count(429)) == (10, 190)


class TestDecorator:
    """`rate_limit` with numbers of a route's own, as the guide has it."""

    @pytest.fixture
    def with_routes(self, app: Flask) -> FlaskClient:
        key = {"now": "a"}
        app.add_url_rule("/dear", "dear", rate_limit(limit=5, window=60, cost=3)(lambda: "dear"))
        app.add_url_rule("/keyed", "keyed", rate_limit(limit=1, window=60, key=lambda: key["now"])(lambda: "keyed"))
        app.add_url_rule("/keyed/<to>", "to", lambda to: key.update(now=to) or "set")
        twice = rate_limit(limit=3, window=60)(rate_limit(limit=2, window=600)(lambda: "twice"))
        app.add_url_rule("/twice", "twice", twice)
        return app.test_client()

    def test_a_call_may_cost_more_than_one(self, with_routes: FlaskClient, clock: Clock) -> None:
        assert numbers(with_routes.get("/dear"))[:2] == (5, 2)
        clock.now += 15
        refused = with_routes.get("/dear")
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "45")
        clock.now += 45
        assert with_routes.get("/dear").status_code == 200

    def test_the_key_says_who_shares_a_bucket(self, with_routes: FlaskClient) -> None:
        def status() -> int:
            return with_routes.get("/keyed").status_code

        assert [status(), status()] == [200, 429]
        with_routes.get("/keyed/b")
        assert [status(), status()] == [200, 429]

    def test_an_empty_key_is_a_bucket_of_its_own_and_no_way_around(self, with_routes: FlaskClient) -> None:
        app = with_routes.application
        app.add_url_rule("/empty", "empty", rate_limit(limit=1, window=60, key=lambda: "")(lambda: "empty"))
        assert [with_routes.get("/empty").status_code for _ in range(2)] == [200, 429]

    def test_several_limits_hold_together(self, with_routes: FlaskClient, clock: Clock) -> None:
        assert [with_routes.get("/twice").status_code for _ in range(3)] == [200, 200, 429]
        clock.now += 60
        assert with_routes.get("/twice").headers["Retry-After"] == "540"

    def test_a_cost_that_never_fits_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="never"):
            rate_limit(limit=2, window=60, cost=3)


class TestMemory:
    """The storage itself."""

    def test_is_bounded_and_forgets_the_longest_unseen_first(self) -> None:
        memory = MemoryStorage(max_hits=100)
        for number in range(1000):
            memory.hit_all([LimitCheck("regular", 10_000, 60)])
            memory.hit_all([LimitCheck(f"once {number}", 10, 60)])
        assert sum(memory.get(f"once {number}") for number in range(1000)) + memory.get("regular") <= 101
        assert memory.get("once 999") == 1
        assert memory.get("once 0") == 0

    def test_keeps_no_key_that_has_nothing_in_its_window(self, clock: Clock) -> None:
        memory = MemoryStorage(max_hits=2)
        memory.hit_all([LimitCheck("a", 5, 60)])
        clock.now += 61
        refused = [LimitCheck("a", 5, 60), LimitCheck("b", 1, 60, cost=2)]
        memory.hit_all(refused)
        assert memory.reset() == 0
        memory.hit_all([LimitCheck("a", 5, 60)])
        clock.now += 61
        memory.hit_all(refused)
        memory.hit_all([LimitCheck("c", 5, 60), LimitCheck("d", 5, 60)])
        assert (memory.get("c"), memory.get("d")) == (1, 1), "what has expired takes no room from others"

    def test_serves_flask_limiters_own_strategy(self, app: Flask) -> None:
        (limiter,) = app.extensions["limiter"]
        strategy = limiter.limiter
        limit = parse("2/minute")
        assert [strategy.hit(limit, "someone") for _ in range(3)] == [True, True, False]
        assert strategy.get_window_stats(limit, "someone").remaining == 0
        strategy.clear(limit, "someone")
        assert strategy.hit(limit, "someone")
