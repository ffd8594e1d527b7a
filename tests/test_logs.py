"""Logging: one line per request and event, and no personal data."""

import json
import logging
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from forms_service.logs import JsonFormatter, TextFormatter
from forms_service.web import active_requests
from tests.conftest import MakeApp


def fields(caplog: pytest.LogCaptureFixture, message: str) -> list[dict[str, Any]]:
    return [record.fields for record in caplog.records if record.getMessage() == message]  # type: ignore[attr-defined]


def test_one_line_a_request(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    client.get(
        "/health/live?token=hidden-token",
        headers={"User-Agent": "Tester/1"},
        environ_base={"REMOTE_ADDR": "192.0.2.77"},
    )
    (line,) = fields(caplog, "request")
    assert line.pop("ms") > 0
    assert line == {
        "client": "192.0.2.0",
        "method": "GET",
        "path": "/health/live",
        "status": 200,
        "user_agent": "Tester/1",
    }
    assert "hidden-token" not in caplog.text


@pytest.mark.parametrize(("how", "client"), [("truncated", "192.0.2.0"), ("full", "192.0.2.77"), ("none", None)])
def test_the_client_is_logged_as_told(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture, how: str, client: str | None
) -> None:
    make_app(LOG_CLIENT=how).test_client().get("/", environ_base={"REMOTE_ADDR": "192.0.2.77"})
    assert fields(caplog, "request")[0]["client"] == client


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.61 Safari/537.36"


@pytest.mark.parametrize(
    ("user_agent", "logged"),
    [
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0.3", "Firefox/128"),
        (CHROME, "Chrome/126"),
        (f"{CHROME} Edg/126.0.2592.68", "Edge/126"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) AppleWebKit/605.1 Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari/17",
        ),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot/2"),
        ("curl/8.5.0", "curl/8"),
        ("python-requests/2.32.3", "python-requests/2"),
        ("ann@example.com 0170 1234567", "other"),
        ("Mozilla/5.0 (Linux; device of Ann Example, ann@example.com)", "Mozilla/5"),
        ("x" * 5000, "other"),
        ("", ""),
    ],
)
def test_a_user_agent_is_logged_as_family_and_major_version(
    shared_client: FlaskClient, caplog: pytest.LogCaptureFixture, user_agent: str, logged: str
) -> None:
    shared_client.get("/health/live", headers={"User-Agent": user_agent})
    assert fields(caplog, "request")[0]["user_agent"] == logged


def test_a_refused_request_is_an_event(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    client = make_app(SIGNUP_RATE_LIMIT="1/60").test_client()
    client.post("/api/signup", json={})
    client.post("/api/signup", json={})
    assert fields(caplog, "rate_limited") == [{"limit": "signup", "client": "127.0.0.0"}]


def test_one_who_may_not_is_an_event(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    client = make_app(METRICS_TOKEN="let-me-see-x7Qk29vR").test_client()
    client.get("/metrics", headers={"Authorization": "Bearer guessed"})
    (entry,) = fields(caplog, "refused")
    assert (entry["status"], entry["client"]) == (401, "127.0.0.0")
    assert "guessed" not in caplog.text


def test_nothing_that_was_typed_is_logged(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    person = {"email": "zebedee@quagmire.example", "first_name": "Zebedee", "last_name": "Quagmire"}
    client.post("/api/signup", json=person | {"password": "Xylophone-77"})
    client.post("/api/signup", json=person | {"password": "xylophone"})
    client.post("/api/signup", data=person)
    text = "".join(TextFormatter().format(record) + str(record.args) for record in caplog.records).lower()
    for word in ("zebedee", "quagmire", "xylophone"):
        assert word not in text


def record(message: str, **values: Any) -> logging.LogRecord:
    made = logging.makeLogRecord({"msg": message, "levelname": "INFO", "name": "test", "created": 0.5})
    made.fields = values
    return made


def test_json_is_one_object_a_line_whatever_is_in_it() -> None:
    line = JsonFormatter().format(record("request", path='/a"\n{}', user_agent="\x1b[31mred\u2028"))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.500Z",
        "level": "INFO",
        "logger": "test",
        "message": "request",
        "path": '/a"\n{}',
        "user_agent": "\x1b[31mred\u2028",
    }


def test_text_is_one_line_nobody_can_add_to() -> None:
    line = TextFormatter().format(
        record("a\nb \x1b[31mred\x1b[0m", path="/x\n2026 forged", agent='say "hi"', none=None)
    )
    assert line == ('1970-01-01T00:00:00.500Z INFO    a b red path="/x\\n2026 forged" agent="say \\"hi\\""')


def test_a_traceback_is_kept_with_the_error() -> None:
    try:
        raise ValueError("broken")
    except ValueError as error:
        made = logging.makeLogRecord({"msg": "bad", "exc_info": (type(error), error, error.__traceback__)})
    assert "ValueError: broken" in TextFormatter().format(made)
    assert "ValueError: broken" in json.loads(JsonFormatter().format(made))["exception"]


def test_the_development_servers_own_line_is_dropped() -> None:
    (handler,) = [known for known in logging.getLogger().handlers if known.get_name() == "forms_service"]
    access = logging.makeLogRecord({"name": "werkzeug", "msg": '127.0.0.1 - - [now] "GET /?token=x HTTP/1.1" 200 -'})
    assert not handler.filter(access)
    assert handler.filter(logging.makeLogRecord({"name": "werkzeug", "msg": " * Running on http://127.0.0.1:5000"}))


def test_a_request_that_never_ends_leaves_lines_while_it_runs(
    make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(LOG_LEVEL="DEBUG")

    def never() -> str:
        for _ in range(2):
            active_requests.warn_of_slow(time.perf_counter() + active_requests.SLOW_SECONDS)
        return "well, yes"

    app.add_url_rule("/never", view_func=never)
    app.test_client().get("/never?token=hidden-token")
    assert fields(caplog, "request_begins") == [{"method": "GET", "path": "/never"}]
    (line,) = fields(caplog, "request_takes_long")
    assert (line["method"], line["path"], line["seconds"]) == ("GET", "/never", 30)
    assert line["request_id"]
    assert "hidden-token" not in caplog.text
    active_requests.warn_of_slow(time.perf_counter() + 3600)
    assert len(fields(caplog, "request_takes_long")) == 1, "it has ended"
