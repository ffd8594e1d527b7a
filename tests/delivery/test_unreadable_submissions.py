"""A submission whose key is lost is not sent as if it were empty, and can be sent once the key is back."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import literal_column, select, update

from forms_service.database.transactions import write_session
from forms_service.delivery import worker
from forms_service.delivery.models import Attempt, Message
from forms_service.extensions import db
from forms_service.submissions.models import Submission
from tests.conftest import KeyOf, MakeApp
from tests.support.people import OPT_IN, REPLY
from tests.support.receiver import receiving
from tests.support.stored import make_form
from tests.support.visitors import ANN, CONTACT

SENTENCE = "The submission cannot be decrypted."


@pytest.fixture
def app_on_each_db(make_app_on_each_db: MakeApp) -> Flask:
    return make_app_on_each_db(OUTBOUND_ALLOW="127.0.0.1/32", BACKGROUND_WORK="outside")


def swap(app: Flask, column: str, value: str) -> None:
    """Put another column's bytes there."""
    table: Any = Submission.__table__
    with app.app_context(), write_session():
        db.session.execute(update(table).values({column: literal_column(value)}))
        db.session.commit()


def outcomes(app: Flask) -> dict[str, tuple[str, str]]:
    """Deliver; state and last answer by kind."""
    with app.app_context():
        worker.deliver_due()
        query = select(Message.kind, Message.state, Attempt.answer).join(Attempt, Attempt.message_id == Message.id)
        return {kind: (state, answer) for kind, state, answer in db.session.execute(query.order_by(Attempt.id))}


def test_fails_for_good_with_the_reason_and_goes_out_by_a_retry(app_on_each_db: Flask, key_of: KeyOf) -> None:
    app, headers = app_on_each_db, key_of(app_on_each_db)
    client, form = app.test_client(), make_form(app, "owner@example.com", list(CONTACT), reply=REPLY)
    with receiving() as receiver:
        client.post(f"/api/forms/{form}/webhooks", json={"url": receiver.url()}, headers=headers)
        assert client.post(f"/f/{form}", json=ANN).status_code == 200
        swap(app, "control", "data")
        swap(app, "data", "content_hash")
        assert outcomes(app) == dict.fromkeys(("submission", "submission.created", "reply"), ("failed", SENTENCE))
        swap(app, "data", "control")
        swap(app, "control", "NULL")
        for delivery in client.get(f"/api/forms/{form}/deliveries", headers=headers).json["data"]:
            assert client.post(f"/api/deliveries/{delivery['id']}/retry", headers=headers).status_code == 202
        assert {state for state, _ in outcomes(app).values()} == {"sent"}
        assert receiver.received[0].json["data"]["data"]["name"] == "Ann"


def test_a_request_to_confirm_is_no_error_for_whoever_asks_again(app_on_each_db: Flask, key_of: KeyOf) -> None:
    app, _ = app_on_each_db, key_of(app_on_each_db)
    client, form = app.test_client(), make_form(app, "owner@example.com", list(CONTACT), double_opt_in=OPT_IN)
    submission = client.post(f"/f/{form}", json=ANN).json["data"]["id"]
    swap(app, "data", "content_hash")
    assert outcomes(app) == {"opt_in": ("failed", SENTENCE)}
    assert client.post(f"/f/{form}/resend", json={"submission": submission}).status_code == 200
