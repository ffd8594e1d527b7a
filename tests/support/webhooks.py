"""An owner with a form and an endpoint, and the webhooks between them."""

from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from standardwebhooks import Webhook as Verifier
from werkzeug.test import TestResponse

from forms_service.delivery import worker
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from tests.support.receiver import Receiver

ANN = {"name": "Ann", "topic": "Sales"}


@dataclass
class Hooks:
    """What the tests of webhooks do; `received` is what reached the endpoint."""

    app: Flask
    owner: dict[str, str]
    form: str
    receiver: Receiver

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client()

    def make(self, path: str | None = None, **body: Any) -> dict[str, Any]:
        """A webhook of the form, or of the account: `make("/api/webhooks")`."""
        body = {"url": self.receiver.url(), **body}
        response = self.call("POST", path or f"/api/forms/{self.form}/webhooks", **body)
        assert response.status_code == 201, response.json
        data: dict[str, Any] = response.json["data"]
        return data

    def call(self, method: str, path: str, **body: Any) -> TestResponse:
        """A call of the owner."""
        return self.client.open(path, method=method, json=body, headers=self.owner)

    def show(self, webhook: dict[str, Any]) -> dict[str, Any]:
        """The webhook as its owner sees it now."""
        data: dict[str, Any] = self.call("GET", f"/api/webhooks/{webhook['id']}").json["data"]
        return data

    def fill(self, form: str | None = None, **data: Any) -> str:
        """Somebody fills in the form; the submission's id."""
        response = self.client.post(f"/f/{form or self.form}", json=data or ANN)
        assert response.status_code == 200, response.json
        identity: str = response.json["data"]["id"]
        return identity

    def deliver(self) -> int:
        """Send what is due; the number of attempts."""
        with self.app.app_context():
            return worker.deliver_due()

    @property
    def bodies(self) -> list[Any]:
        return [request.json for request in self.receiver.received]

    @property
    def types(self) -> list[str]:
        return [body["type"] for body in self.bodies]

    def verify(self, secret: str, number: int = -1) -> Any:
        """What a receiver gets from Standard Webhooks' own library."""
        request = self.receiver.received[number]
        return Verifier(secret).verify(request.body, dict(request.headers))

    def rows(self) -> list[tuple[str, str]]:
        """Kind and state of the webhooks' messages."""
        with self.app.app_context():
            query = select(Message.kind, Message.state).where(Message.channel == "webhook").order_by(Message.id)
            return [(kind, state) for kind, state in db.session.execute(query)]

    def answers(self) -> list[str]:
        """What the attempts of webhooks say."""
        with self.app.app_context():
            query = select(Attempt.answer).where(Attempt.channel == "webhook").order_by(Attempt.id)
            return list(db.session.scalars(query))
