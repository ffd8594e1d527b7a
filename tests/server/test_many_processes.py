"""Two instances of two workers behind nginx are one service: limits, changes, sessions, metrics, tasks, mails."""

import re
import signal
import time
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import psutil
import psycopg
import pytest
import requests
from flask import Flask

from tests.conftest import QUICK, emptied
from tests.support import servers
from tests.support.accounts import Member
from tests.support.cluster import WORKERS, Cluster, Load, new_client
from tests.support.reverse_proxies import program
from tests.support.visitors import form_for

pytestmark = pytest.mark.slow

# The lock keeps the processes from claiming what is due before the trigger sees it.
MAKE_DUE_AND_RECORD_CLAIMS = """
LOCK TABLE periodic_tasks IN EXCLUSIVE MODE;
UPDATE periodic_tasks SET next_run_at = now();
CREATE TABLE many_claims (name text);
CREATE FUNCTION many_claim() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO many_claims VALUES (NEW.name); RETURN NEW; END $$;
CREATE TRIGGER many_claim AFTER UPDATE ON periodic_tasks FOR EACH ROW EXECUTE FUNCTION many_claim();
"""
FORGET_CLAIMS = "DROP TRIGGER many_claim ON periodic_tasks; DROP FUNCTION many_claim; DROP TABLE many_claims"


@pytest.fixture(scope="module")
def cluster(migrated_postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    for name in ("nginx", "pgbouncer", "redis-server"):
        if not program(name):
            pytest.skip(f"needs {name}")
    limits = {"SUBMISSION_RATE_LIMIT": "50/3600", "FORM_RATE_LIMIT": "1000000/60", "LOGIN_RATE_LIMIT": "10/3600"}
    cluster = Cluster(tmp_path_factory.mktemp("many"), emptied(migrated_postgres), **QUICK, **limits)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def app(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A further process, which has no limits."""
    with servers.filled(tmp_path_factory.mktemp("further"), {**cluster.settings, "RATE_LIMIT_ENABLED": "false"}) as app:
        yield app


@pytest.fixture(scope="module")
def form(app: Flask) -> str:
    return f"/f/{form_for(app)}"


def texts(count: int) -> list[dict[str, Any]]:
    return [{"message": f"{time.time_ns()} and {number}"} for number in range(count)]


def test_limits_are_exact_with_redis(cluster: Cluster, form: str) -> None:
    assert cluster.statuses(form, texts(120), new_client()) == {200: 50, 429: 70}
    wrong = [{"email": "nobody@example.com", "password": "Wrong-horse-7"}] * 40
    assert cluster.statuses("/api/login", wrong, new_client()) == {401: 10, 429: 30}


def test_limits_are_exact_without_redis_and_logins_get_no_fresh_window(cluster: Cluster, form: str) -> None:
    wrong = {"email": "somebody@example.com", "password": "Wrong-horse-7"}
    before, client = new_client(), new_client()
    assert cluster.statuses("/api/login", [wrong] * 12, before) == {401: 10, 429: 2}
    cluster.redis.stop()
    try:
        assert cluster.statuses(form, texts(120), client) == {200: 50, 429: 70}
        assert cluster.statuses("/api/login", [wrong] * 5, before) == {429: 5}
        assert cluster.sum_of_metric("forms_redis_away") == len(cluster.instances)
    finally:
        cluster.redis.start()  # with nothing in it
    assert cluster.statuses("/api/login", [wrong] * 5, before) == {429: 5}
    servers_are_back(cluster)


def servers_are_back(cluster: Cluster) -> None:
    until = time.monotonic() + servers.TIMEOUT
    while cluster.sum_of_metric("forms_redis_away") and time.monotonic() < until:
        cluster.post("/api/login", {}, client=new_client())
        time.sleep(0.05)
    assert not cluster.sum_of_metric("forms_redis_away")


def test_a_changed_form_is_in_force_everywhere_within_a_second(cluster: Cluster, app: Flask) -> None:
    owner = Member(app, "changing@example.com", "owner")
    made = requests.post(
        f"{cluster.nginx.url}/api/forms", json={"name": "Contact"}, headers=owner.headers, timeout=servers.TIMEOUT
    ).json()["data"]
    path = f"/f/{made['id']}"
    assert cluster.statuses(path, texts(40), new_client()) == {200: 40}
    closed = requests.patch(
        f"{cluster.nginx.url}/api/forms/{made['id']}",
        json={"settings": {"closed": True}},
        headers=owner.headers,
        timeout=servers.TIMEOUT,
    )
    assert closed.status_code == 200
    time.sleep(1)
    assert cluster.statuses(path, texts(40), new_client()) == {403: 40}


def test_ended_sessions_are_ended_everywhere(cluster: Cluster, app: Flask) -> None:
    def answers(token: str) -> set[int]:
        headers = {"Authorization": f"Bearer {token}"}
        return {instance.get("/api/me", headers=headers).status_code for instance in cluster.instances * 6}

    member = Member(app, "leaving@example.com")
    tokens = [member.tokens["access_token"]] + [member.sign_in()["access_token"] for _ in range(2)]
    assert [answers(token) for token in tokens] == [{200}, {200}, {200}]
    bearer = {"Authorization": f"Bearer {tokens[0]}"}
    assert requests.post(f"{cluster.nginx.url}/api/logout", headers=bearer, timeout=servers.TIMEOUT).status_code == 200
    assert [answers(token) for token in tokens] == [{401}, {200}, {200}]
    assert cluster.post("/api/password/forgot", {"email": member.email}, client=new_client()) == 202
    token = re.search(r"token=(\S+)", mail_to(cluster, member.email))
    assert token
    new = {"token": token[1], "password": "Another-horse-8"}
    assert cluster.post("/api/password/reset", new, client=new_client()) == 200
    assert [answers(token) for token in tokens] == [{401}, {401}, {401}]
    again = member.sign_in("Another-horse-8")["access_token"]
    assert answers(again) == {200}
    disabled = servers.flask(cluster.instances[0].folder, "accounts", "disable", member.email, **cluster.settings)
    assert disabled.returncode == 0, disabled.stderr
    assert answers(again) == {401}


def mail_to(cluster: Cluster, address: str) -> str:
    until = time.monotonic() + servers.TIMEOUT
    while time.monotonic() < until:
        for message in mails_to(cluster, address):
            return str(message.get_body(("plain",)).get_content())  # type: ignore[union-attr]  # each has one
        time.sleep(0.05)
    raise AssertionError(f"no mail to {address}")


def test_metrics_count_all_workers(cluster: Cluster) -> None:
    for _ in range(40):
        cluster.post("/nothing", {})
    counted = 'forms_http_requests_total{method="other",route="none",status="404"}'
    assert cluster.sum_of_metric(counted) == 40


def test_each_mail_is_sent_once(cluster: Cluster, app: Flask) -> None:
    member = Member(app, "mailed@example.com", "owner")
    made = member.call("POST", "/api/forms", name="Letters").json["data"]
    assert cluster.statuses(f"/f/{made['id']}", texts(12), new_client()) == {200: 12}
    until = time.monotonic() + servers.TIMEOUT
    while time.monotonic() < until and len(mails_to(cluster, member.email)) < 12:
        time.sleep(0.1)
    time.sleep(1)  # for a second worker that would send one again
    mailed = mails_to(cluster, member.email)
    assert len(mailed) == len({message["Message-ID"] for message in mailed}) == 12


def mails_to(cluster: Cluster, address: str) -> list[EmailMessage]:
    return [message for message in list(cluster.mail.received) if address in message["To"]]


def test_periodic_tasks_run_once(cluster: Cluster, app: Flask, migrated_postgres: str) -> None:
    due = "SELECT count(*) FROM periodic_tasks WHERE next_run_at <= now()"
    with psycopg.connect(migrated_postgres, autocommit=True) as connection:
        until = time.monotonic() + servers.TIMEOUT
        names = sorted(app.extensions["tasks"])
        while time.monotonic() < until:
            rows = connection.execute("SELECT name FROM periodic_tasks").fetchall()
            if len(rows) == len(names):
                break
            time.sleep(0.1)
        with connection.transaction():
            connection.execute(MAKE_DUE_AND_RECORD_CLAIMS)
        try:
            while connection.execute(due).fetchone() != (0,) and time.monotonic() < until:
                time.sleep(0.2)
            claimed = connection.execute("SELECT name FROM many_claims").fetchall()
        finally:
            connection.execute(FORGET_CLAIMS)
    assert sorted(name for (name,) in claimed) == names


def test_reloading_or_restarting_an_instance_fails_no_request(
    cluster: Cluster, form: str, migrated_postgres: str
) -> None:
    first, second = cluster.instances
    with psycopg.connect(migrated_postgres, autocommit=True) as connection:
        (before,) = connection.execute("SELECT count(*) FROM submissions").fetchone() or (0,)
        with Load(cluster.nginx.port, form) as load:
            load.wait_for(20)
            reload(first)
            load.wait_for(20)
            second.process.terminate()
            load.wait_for(20)
            assert second.process.wait(servers.TIMEOUT) == 0, "within its graceful_timeout of 30 s"
            second.start()
            load.wait_for(20)
        (after,) = connection.execute("SELECT count(*) FROM submissions").fetchone() or (0,)
    assert set(load.statuses) == {200}, load.statuses
    assert after - before == load.statuses[200]
    assert "SIGKILL" not in first.log.read_text() + second.log.read_text()


def reload(instance: servers.Server) -> None:
    """HUP, and wait until other workers than before serve."""
    master = psutil.Process(instance.process.pid)
    old = {worker.pid for worker in master.children()}
    master.send_signal(signal.SIGHUP)
    until = time.monotonic() + servers.TIMEOUT
    while time.monotonic() < until:
        new = {worker.pid for worker in master.children()}
        if not new & old and len(new) == WORKERS:
            return
        time.sleep(0.05)
    raise AssertionError("the old workers did not end")
