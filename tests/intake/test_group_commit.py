"""Group commit on PostgreSQL: what happens to one of a batch is no other's, whichever process has the other."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import delete

from forms_service.database import group_commit, postgres
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.forms.models import Form
from tests.conftest import MakeApp
from tests.intake.test_submission_repeats import sleep_until
from tests.support.visitors import form_for, submissions_of

pytestmark = pytest.mark.slow

WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

COUNT_STATEMENTS = """
CREATE TABLE statements (name text);
CREATE FUNCTION count_statement() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO statements VALUES (TG_TABLE_NAME); RETURN NULL; END $$;
CREATE TRIGGER counted AFTER INSERT ON submissions EXECUTE FUNCTION count_statement();
CREATE TRIGGER counted AFTER INSERT ON submission_people EXECUTE FUNCTION count_statement();
CREATE TRIGGER counted AFTER INSERT ON outbox EXECUTE FUNCTION count_statement();
"""
FORGET_STATEMENTS = "DROP FUNCTION count_statement CASCADE; DROP TABLE statements"


@pytest.fixture
def processes(make_app: MakeApp, postgres_url: str) -> list[Flask]:
    """Two services on one database, each with connections and batches of its own."""
    return [make_app(DATABASE_URL=postgres_url) for _ in range(2)]


@contextmanager
def locked(url: str, statement: str) -> Iterator[psycopg.Connection[Any]]:
    """Another program's transaction that holds a lock."""
    with psycopg.connect(url) as connection:
        connection.execute(statement)
        yield connection


@contextmanager
def batch_of(app: Flask, url: str, posts: list[Callable[[], Any]]) -> Iterator[list[Future[Any]]]:
    """Responses to posts that are one batch once the lock of the first, which is alone, is released."""
    with pytest.MonkeyPatch.context() as patched, ThreadPoolExecutor(len(posts)) as pool:
        patched.setattr(group_commit, "MAX_DELAY", 0)
        with locked(url, "LOCK TABLE submissions IN EXCLUSIVE MODE") as holder:
            futures = [pool.submit(posts[0])]
            sleep_until(lambda: len(holder.execute(WAITING).fetchall()) == 1)
            futures += [pool.submit(post) for post in posts[1:]]
            sleep_until(lambda: app.extensions["group_commit"].waiting == len(posts) - 1)
        yield futures


def post(app: Flask, form: str, **fields: object) -> Callable[[], Any]:
    return lambda: app.test_client().post(f"/f/{form}", json=fields)


def codes(futures: list[Future[Any]]) -> list[int]:
    return [future.result(10).status_code for future in futures]


def test_a_repeat_is_found_in_its_batch_and_in_another_process(processes: list[Flask], postgres_url: str) -> None:
    one, other = processes
    form = form_for(one)
    posts = [post(one, form, n=0), *(post(one, form, n=1) for _ in range(3)), post(one, form, n=2)]
    with batch_of(one, postgres_url, posts) as futures, ThreadPoolExecutor(8) as pool:
        others = [pool.submit(post(other, form, n=number % 3)) for number in range(8)]
        ids = Counter(future.result(10).json["data"]["id"] for future in (*futures, *others))
    assert sorted(ids.values()) == [3, 4, 6], "as often as each of the three was sent"
    assert len(submissions_of(one, form)) == 3


def test_a_batch_is_one_statement_for_each_table(processes: list[Flask], postgres_url: str) -> None:
    app = processes[0]
    form = form_for(app)
    assert post(app, form, n="before")().status_code == 200
    with psycopg.connect(postgres_url) as connection:
        connection.execute(COUNT_STATEMENTS)
    try:
        posts = [post(app, form, n=n, email=f"a{n}@example.com") for n in range(5)]
        with batch_of(app, postgres_url, posts) as futures:
            assert codes(futures) == [200] * 5
        with psycopg.connect(postgres_url) as connection:
            counts = dict(connection.execute("SELECT name, count(*) FROM statements GROUP BY name").fetchall())
    finally:
        with psycopg.connect(postgres_url) as connection:
            connection.execute(FORGET_STATEMENTS)
    assert counts == {"submissions": 2, "submission_people": 2, "outbox": 2}, "the first is alone, the others a batch"


def test_batches_of_two_processes_count_a_quota_together(processes: list[Flask]) -> None:
    forms = [form_for(processes[0], max_submissions=5) for _ in range(2)]
    posts = [post(processes[n % 2], forms[n // 2 % 2], n=n) for n in range(28)]
    with ThreadPoolExecutor(14) as pool:
        answers = Counter(codes([pool.submit(one) for one in posts]))
    assert answers == {200: 10, 403: 18}
    assert [len(submissions_of(processes[0], form)) for form in forms] == [5, 5]


def test_one_that_the_database_refuses_does_not_take_its_batch_down(processes: list[Flask], postgres_url: str) -> None:
    app = processes[0]
    gone, form = form_for(app), form_for(app)
    for known in (gone, form):
        assert post(app, known, first=known)().status_code == 200
    with app.app_context(), write_session():
        db.session.execute(delete(Form).where(Form.id == gone))
        db.session.commit()  # nobody is told, as when another process does it
    with batch_of(app, postgres_url, [post(app, to, n=n) for n, to in enumerate((form, gone, form, gone))]) as futures:
        assert codes(futures) == [200, 404, 200, 404]
    assert len(submissions_of(app, form)) == 3


def test_one_that_waits_for_a_lock_does_not_hold_its_batch_up(processes: list[Flask], postgres_url: str) -> None:
    app = processes[0]
    held, form = form_for(app), form_for(app)
    assert [post(app, known, first=known)().status_code for known in (held, form)] == [200, 200]
    posts = [post(app, to, n=n) for n, to in enumerate((form, held, form))]
    holding = f"SELECT FROM forms WHERE id = '{held}' FOR UPDATE"
    with locked(postgres_url, holding) as holder, batch_of(app, postgres_url, posts) as futures:
        assert codes([futures[0], futures[2]]) == [200, 200]
        assert not futures[1].done()
        holder.rollback()
        assert codes(futures) == [200, 200, 200]


def test_a_connection_that_is_cut_loses_nothing_that_was_acknowledged(
    processes: list[Flask], postgres_url: str
) -> None:
    app = processes[0]
    form = form_for(app)
    assert post(app, form, n="before")().status_code == 200
    with locked(postgres_url, "LOCK TABLE submissions IN EXCLUSIVE MODE") as holder, ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(post(app, form, n=n)) for n in range(4)]
        sleep_until(lambda: len(holder.execute(WAITING).fetchall()) == 1)
        holder.execute(f"SELECT pg_terminate_backend(pid) FROM ({WAITING}) AS waiting")
        sleep_until(lambda: any(future.done() for future in futures))
        holder.rollback()
    answers = codes(futures)
    assert 503 in answers
    assert len(submissions_of(app, form)) == 1 + answers.count(200)
    assert [post(app, form, n=n)().status_code for n in range(4)] == [200] * 4
    assert len(submissions_of(app, form)) == 5


def test_what_gave_up_waiting_is_not_stored_later(
    processes: list[Flask], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "REQUEST_TIMEOUT", 1.0)
    app = processes[0]
    form = form_for(app)
    assert post(app, form, n="before")().status_code == 200
    posts = [post(app, form, n=n) for n in range(3)]
    with locked(postgres_url, "LOCK TABLE submissions IN EXCLUSIVE MODE") as holder, ThreadPoolExecutor(3) as pool:
        assert codes([pool.submit(one) for one in posts]) == [503] * 3
        holder.rollback()
    with locked(postgres_url, "LOCK TABLE submissions IN EXCLUSIVE MODE"):  # once all who waited for it are through
        pass
    assert len(submissions_of(app, form)) == 1
