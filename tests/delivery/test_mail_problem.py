"""Owners see on their forms that mails cannot be sent."""

import base64

from flask import Flask

from forms_service.database.transactions import write_session
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from tests.conftest import MakeApp
from tests.support.accounts import Member

PRODUCTION = {
    "ENVIRONMENT": "production",
    "BCRYPT_ROUNDS": "10",
    "SECRET_KEY": "Zq3" * 6 + "kP0xLm7vRt9yWs2",
    "ENCRYPTION_KEYS": base64.b64encode(bytes(range(32))).decode(),
    "PUBLIC_URL": "https://site.example",
    "SIGNUP_CONFIRMATION": "false",
    "BACKGROUND_WORK": "outside",
}


def problems(app: Flask) -> set[str | None]:
    """Mail problems as every answer about a form reports them."""
    owner = Member(app, "owner@example.com", role="owner")
    made = owner.call("POST", "/api/forms", name="Contact").json["data"]
    address = f"/api/forms/{made['id']}"
    answers = [made, owner.call("GET", address).json["data"], *owner.call("GET", "/api/forms").json["data"]]
    answers.append(owner.call("PATCH", address, name="Other").json["data"])
    return {answer["mail_problem"] for answer in answers}


def attempt(app: Flask, *outcomes: str) -> None:
    """Attempts at sending mails, one after the other."""
    with app.app_context(), write_session():
        message = Message(channel="mail", kind="test", target="ann@example.com", target_index=b"x" * 32, payload="{}")
        db.session.add(message)
        db.session.flush()
        for outcome in outcomes:
            db.session.add(Attempt(message_id=message.id, channel="mail", outcome=outcome, answer="?"))
            db.session.flush()
        db.session.commit()


def test_that_the_operator_has_set_no_mail_server(make_app: MakeApp, postgres_url: str) -> None:
    (problem,) = problems(make_app(**PRODUCTION, DATABASE_URL=postgres_url))
    assert problem is not None
    assert "not configured a mail server" in problem


def test_that_the_last_mails_could_not_be_sent(app_on_each_db: Flask) -> None:
    attempt(app_on_each_db, "sent", *["again"] * 5)
    (problem,) = problems(app_on_each_db)
    assert problem is not None
    assert "could not be sent" in problem


def test_nothing_while_mails_leave(app_on_each_db: Flask) -> None:
    attempt(app_on_each_db, *["again"] * 5, "sent")
    assert problems(app_on_each_db) == {None}
