"""Health checks and metrics for monitors."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import psutil
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from forms_service import __version__
from forms_service.database import migrations
from forms_service.database.transactions import write_session
from forms_service.database.types import new_id, now
from forms_service.delivery import leases, outbox
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from forms_service.health import checks
from tests.conftest import MakeApp
from tests.support.faults import before_statements
from tests.support.mail_server import MailServer
from tests.support.web_server import serve_in_thread

TOKEN = {"Authorization": "Bearer let-me-see-x7Qk29vR"}


def test_live_touches_nothing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "check_all", None)
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json) == (200, {"status": "live"})


def test_health_says_all_that_it_looks_at(client: FlaskClient) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200
    health = answer.json
    assert list(health) == ["status", "timestamp", "uptime", "version", "environment", "checks", "system"]
    assert (health["status"], health["version"], health["environment"]) == ("healthy", __version__, "testing")
    assert health["timestamp"].endswith("Z")
    assert health["uptime"] > 0
    assert list(health["checks"]) == ["database", "cache", "queue", "mail", "files", "external_services"]
    for name in health["checks"]:
        assert health["checks"][name]["status"] == "healthy"
        assert health["checks"][name]["response_time"] >= 0
    assert 0 <= health["system"]["memory_percent"] <= 100
    assert len(health["system"]["load_average"]) == 3


def test_ready_is_when_the_database_is(client_on_each_db: FlaskClient) -> None:
    answer = client_on_each_db.get("/health/ready")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_a_pending_migration_is_not_ready_but_alive(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    client.application.extensions["revisions"].insert(0, "9999")
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json, answer.headers["Retry-After"]) == (503, {"status": "unavailable"}, "5")
    assert client.get("/health").status_code == 200


class TestDetails:
    """Details are for holders of the token."""

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer ü"}])
    def test_with_a_token_set_they_are_for_its_holder(self, make_app: MakeApp, headers: dict[str, str]) -> None:
        client = make_app(METRICS_TOKEN="let-me-see-x7Qk29vR").test_client()
        assert set(client.get("/health", headers=headers).json) == {"status", "timestamp"}
        assert client.get("/metrics", headers=headers).status_code == 401
        assert "checks" in client.get("/health", headers=TOKEN).json
        assert client.get("/metrics", headers=TOKEN).status_code == 200

    @pytest.mark.parametrize(
        ("header", "status"), [("bearer let-me-see-x7Qk29vR", 200), ("let-me-see-x7Qk29vR", 401), ("Basic Og==", 401)]
    )
    def test_a_token_comes_as_a_bearer_written_in_any_case(self, make_app: MakeApp, header: str, status: int) -> None:
        client = make_app(METRICS_TOKEN="let-me-see-x7Qk29vR").test_client()
        assert client.get("/metrics", headers={"Authorization": header}).status_code == status

    def test_a_client_guesses_at_the_token_ten_times_in_a_quarter_of_an_hour(self, make_app: MakeApp) -> None:
        client = make_app(METRICS_TOKEN="let-me-see-x7Qk29vR").test_client()
        assert [client.get("/metrics", headers=TOKEN).status_code for _ in range(12)] == [200] * 12
        wrong = [client.get("/metrics", headers={"Authorization": f"Bearer {n}"}).status_code for n in range(11)]
        assert wrong == [401] * 10 + [429]
        refused = client.get("/health", headers=TOKEN)
        assert (refused.status_code, int(refused.headers["Retry-After"]) > 800) == (429, True)
        assert client.get("/health").status_code == 200
        elsewhere = client.get("/metrics", headers=TOKEN, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert elsewhere.status_code == 200

    def test_in_production_without_a_token_nobody_sees_them(self, make_app: MakeApp) -> None:
        make_app()  # makes the secrets
        client = make_app(
            ENVIRONMENT="production",
            BCRYPT_ROUNDS="12",
            DATABASE_URL="sqlite:///forms.db",
            PUBLIC_URL="https://forms.example.com",
            SIGNUP_CONFIRMATION="false",
        ).test_client()
        assert set(client.get("/health", headers=TOKEN).json) == {"status", "timestamp"}
        assert client.get("/metrics", headers=TOKEN).status_code == 404


class Handler(BaseHTTPRequestHandler):
    """Other people's services: one well, one broken, one that never answers."""

    hang = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/hangs":
            self.hang.wait(10)
        self.send_response(500 if self.path == "/broken" else 200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class Threaded(HTTPServer):
    """One thread a request, so that one that hangs stops no other."""

    def process_request(self, request: Any, client_address: Any) -> None:
        threading.Thread(target=self.answer, args=(request, client_address)).start()

    def answer(self, request: Any, client_address: Any) -> None:
        self.finish_request(request, client_address)
        self.shutdown_request(request)


@pytest.fixture
def others() -> Iterator[str]:
    Handler.hang.clear()
    server = Threaded(("127.0.0.1", 0), Handler)
    serve_in_thread(server)
    yield f"http://127.0.0.1:{server.server_port}"
    Handler.hang.set()
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_external_services_are_looked_at_side_by_side_and_bounded(make_app: MakeApp, others: str) -> None:
    urls = f"fine={others}/fine,broken={others}/broken,gone=http://127.0.0.1:9/,a={others}/hangs,b={others}/hangs"
    client = make_app(HEALTH_CHECK_URLS=urls).test_client()
    answer = client.get("/health")
    assert not Handler.hang.is_set(), "answered while two of them hang"
    assert (answer.status_code, answer.json["status"]) == (200, "degraded")
    external = answer.json["checks"]["external_services"]
    assert external["status"] == "degraded"
    assert {name: service["status"] for name, service in external["services"].items()} == {
        "fine": "healthy",
        "broken": "degraded",
        "gone": "unhealthy",
        "a": "unhealthy",
        "b": "unhealthy",
    }
    assert others not in answer.text


@pytest.mark.slow
def test_a_database_that_hangs_costs_one_thread_however_often_it_is_asked(app: Flask, client: FlaskClient) -> None:
    release = threading.Event()
    client.get("/health/live")  # starts the thread that watches slow requests
    before = threading.active_count()
    with before_statements(app, "SELECT version_num", lambda: release.wait(20)):
        for _ in range(2):
            answer = client.get("/health")
            assert not release.is_set(), "answered while it hangs"
            assert (answer.status_code, answer.json["status"]) == (503, "unhealthy")
            assert answer.headers["Retry-After"] == "5"
        assert threading.active_count() <= before + 1
        release.set()
    until = time.monotonic() + 5
    while client.get("/health").status_code != 200:
        assert time.monotonic() < until


def test_the_deadline_leaves_time_to_answer_within_two_seconds() -> None:
    assert checks.TIMEOUT <= 1.5


class TestMails:
    """Health of mail delivery."""

    def put(self, app: Flask, **changed: Any) -> None:
        with app.app_context(), write_session():
            identity = outbox.enqueue_mail("test", "ann@example.com", {}, about=new_id())
            db.session.execute(update(Message).where(Message.id == identity).values(**changed, kind="test"))
            db.session.commit()

    def test_a_message_that_is_due_for_long_is_a_degraded_queue(self, client_on_each_db: FlaskClient) -> None:
        app = client_on_each_db.application
        self.put(app, next_attempt_at=now() - timedelta(seconds=checks.MAX_BACKLOG_AGE - 30))
        assert client_on_each_db.get("/health").json["checks"]["queue"]["status"] == "healthy"
        self.put(app, next_attempt_at=now() - timedelta(seconds=checks.MAX_BACKLOG_AGE + 1))
        answer = client_on_each_db.get("/health")
        assert (answer.status_code, answer.json["status"]) == (200, "degraded")
        assert answer.json["checks"]["queue"]["status"] == "degraded"

    def test_the_backlog_is_in_the_metrics(self, client_on_each_db: FlaskClient) -> None:
        self.put(client_on_each_db.application)
        self.put(client_on_each_db.application, next_attempt_at=now() - timedelta(minutes=5))
        text = client_on_each_db.get("/metrics").text
        assert "forms_outbox_backlog 2.0" in text
        seconds = re.search(r"^forms_outbox_oldest_seconds (\S+)", text, re.MULTILINE)
        assert seconds
        assert 300 <= float(seconds[1]) < 310

    def test_a_mail_server_that_is_away_is_degraded_mail(self, make_app: MakeApp, mail_server: MailServer) -> None:
        assert self.mail(make_app(**mail_server.settings)) == "healthy"
        mail_server.stop()
        app = make_app(**mail_server.settings)
        assert app.test_client().get("/health").json["status"] == "degraded"
        assert self.mail(app) == "degraded"
        assert self.mail(make_app(**mail_server.settings, BACKGROUND_WORK="outside")) == "healthy", "others send"

    @pytest.mark.slow
    def test_one_that_never_answers_is_looked_at_in_time_and_not_each_time(self, make_app: MakeApp) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = str(silent.getsockname()[1])
            app = make_app(SMTP_SERVER="127.0.0.1", SMTP_PORT=port, SMTP_TLS="none")
            assert self.mail(app) == self.mail(app) == "degraded"
            silent.accept()[0].close()
            silent.setblocking(False)
            with pytest.raises(BlockingIOError):  # the second look came out of the cache
                silent.accept()

    def test_attempts_that_keep_failing_are_degraded_mail(self, app_on_each_db: Flask) -> None:
        self.put(app_on_each_db)
        with app_on_each_db.app_context(), write_session():
            identity = db.session.scalars(select(Message.id)).one()
            for number in range(leases.FAILING_ATTEMPTS):
                values = {"channel": "mail", "outcome": "again", "answer": "451 no"}
                db.session.add(Attempt(message_id=identity, at=now() - timedelta(minutes=10 - number), **values))
            db.session.commit()
        assert self.mail(app_on_each_db) == "degraded"
        with app_on_each_db.app_context(), write_session():
            db.session.add(Attempt(message_id=identity, channel="mail", outcome="sent", answer="250 OK"))
            db.session.commit()
        assert self.mail(app_on_each_db) == "healthy"

    def mail(self, app: Flask) -> str:
        status: str = app.test_client().get("/health").json["checks"]["mail"]["status"]
        return status


class TestMetrics:
    def test_requests_are_counted_by_route_and_never_by_path(self, client: FlaskClient) -> None:
        client.get("/health/live")
        client.get("/somebody/looks/for/admin.php")
        text = client.get("/metrics").text
        assert 'forms_http_requests_total{method="GET",route="/health/live",status="200"}' in text
        assert "admin.php" not in text
        assert 'route="none",status="404"' in text

    def test_a_method_nobody_knows_is_no_label(self, client: FlaskClient) -> None:
        client.open("/nowhere", method="BREW" + "X" * 50)
        assert "BREW" not in client.get("/metrics").text

    def test_is_prometheus_text_and_json_for_who_asks_for_it_first(self, client: FlaskClient) -> None:
        assert client.get("/metrics").content_type.startswith("text/plain")
        assert client.get("/metrics", headers={"Accept": "*/*"}).content_type.startswith("text/plain")
        prometheus = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        assert client.get("/metrics", headers={"Accept": prometheus}).content_type.startswith("text/plain")
        usage = client.get("/metrics", headers={"Accept": "application/json"}).json
        assert list(usage) == [
            "timestamp",
            "uptime",
            "memory_usage",
            "cpu_usage",
            "disk_usage",
            "network_io",
            "process_count",
        ]
        assert usage["memory_usage"]["total"] == psutil.virtual_memory().total
        assert usage["process_count"] > 0

    def test_what_people_typed_is_in_no_metric(self, client: FlaskClient, ann: dict[str, Any]) -> None:
        client.post("/api/signup", json=ann)
        text = client.get("/metrics").text
        assert "ann@example.com" not in text
        assert "forms_signups_total" in text

    def test_readiness_and_free_space_are_metrics(self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
        text = client.get("/metrics").text
        assert "\nforms_ready 1.0\n" in text
        free = re.search(r"^forms_disk_free_ratio (\S+)$", text, re.MULTILINE)
        assert free
        assert 0.0 < float(free[1]) < 1.0
        monkeypatch.setattr(migrations, "revision", lambda: migrations.Revision.PENDING)
        assert "\nforms_ready 0.0\n" in client.get("/metrics").text
