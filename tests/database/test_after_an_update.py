"""Data stored by an earlier version keeps working, on both databases."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from forms_service.database.transactions import write_session
from forms_service.encryption.keyring import current_key_ring
from forms_service.extensions import db
from forms_service.intake.deduplication import DUPLICATE_WINDOW, KEY_CONTEXT
from forms_service.submissions.models import IdempotencyKey, Submission
from tests.intake.test_submission_repeats import identity, make_older
from tests.support.visitors import change, form_for, submissions_of


def store_as_before(app: Flask, key: str) -> None:
    """Leave of an idempotency key what versions stored that did not bind it to a client."""
    with app.app_context(), write_session():
        one = db.session.scalars(select(IdempotencyKey.key_hash)).first()
        db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.key_hash != one))
        db.session.execute(update(IdempotencyKey).values(key_hash=current_key_ring().index(key, KEY_CONTEXT)))
        db.session.commit()


def test_a_retry_finds_the_submission_that_a_version_before_stored(
    client_on_each_db: FlaskClient, app_on_each_db: Flask
) -> None:
    form = form_for(app_on_each_db)

    def post(name: str, key: str = "k") -> Any:
        return client_on_each_db.post(f"/f/{form}", json={"name": name}, headers={"Idempotency-Key": key})

    first = identity(post("Ann"))
    make_older(app_on_each_db, Submission, DUPLICATE_WINDOW * 2)
    store_as_before(app_on_each_db, "k")
    assert identity(post("Ann")) == first
    assert post("Bob").status_code == 422
    change(app_on_each_db, form, closed=True)
    assert identity(post("Ann")) == first
    assert len(submissions_of(app_on_each_db, form)) == 1


def test_a_key_from_before_bars_nobody_who_sends_something_else_under_it(
    client_on_each_db: FlaskClient, app_on_each_db: Flask
) -> None:
    form = form_for(app_on_each_db)
    headers = {"Idempotency-Key": "1"}
    first = identity(client_on_each_db.post(f"/f/{form}", json={"name": "Ann"}, headers=headers))
    store_as_before(app_on_each_db, "1")
    assert identity(client_on_each_db.post(f"/f/{form}", json={"name": "Bob"}, headers=headers)) != first
