"""Members: people with an account, their requests, and the mails they get."""

import json
import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from forms_service.accounts import service
from forms_service.delivery import payloads
from forms_service.delivery.models import Message
from forms_service.delivery.payloads import MessageRef
from forms_service.extensions import db

PASSWORD = "Correct-horse-7"
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


class Member:
    """Somebody with an account, signed in."""

    def __init__(self, app: Flask, email: str = "ann@example.com", role: str = "user", status: str = "active") -> None:
        with app.app_context():
            person = service.NewAccount(email, "Ann", "Example", PASSWORD)
            self.id = str(service.create(person, role=role, status=status).id)
        self.email = email
        self.client: FlaskClient = app.test_client()
        self.tokens: dict[str, Any] = {}
        if status == "active":
            self.tokens = self.sign_in()

    def sign_in(self, password: str = PASSWORD) -> dict[str, Any]:
        answer = login(self.client, self.email, password)
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json["data"]
        return tokens

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.tokens["access_token"])

    def call(self, method: str, path: str, **body: Any) -> TestResponse:
        """A request of this session, with JSON if there is something to say."""
        options = {"json": body} if body else {}
        return self.client.open(path, method=method, headers=self.headers, **options)


def login(client: FlaskClient, email: str, password: str = PASSWORD) -> TestResponse:
    return client.post("/api/login", json={"email": email, "password": password})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def mails(app: Flask, kind: str | None = None) -> list[dict[str, Any]]:
    """Messages in the outbox, the oldest first: kind, to, and the values."""
    with app.app_context():
        messages = db.session.scalars(select(Message).order_by(Message.id)).all()
        listed = [{"kind": m.kind, "to": m.target, **_values(m)} for m in messages]
    return [mail for mail in listed if kind in (None, mail["kind"])]


def _values(message: Message) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(message.payload) if message.payload else {}
    return values or payloads.load_payload(_ref(message)) or {}


def _ref(message: Message) -> MessageRef:
    return MessageRef(message.id, message.kind, message.about, message.target_id, message.created_at)


def token_in(mail: dict[str, Any]) -> str:
    match = re.fullmatch(r".*\?token=([\w-]{43})", mail["link"])
    assert match
    return match[1]
