"""An erased person's address stays on the suppression list as a blind index only."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service import cli
from forms_service.accounts import deletion
from forms_service.accounts.models import Account
from forms_service.database.transactions import write_session
from forms_service.delivery import suppressions
from forms_service.extensions import db
from tests.conftest import KeyOf
from tests.support.accounts import PASSWORD, Member
from tests.support.mails import deliver, queue_mail
from tests.support.stored import OWNER, make_form, submit

ANN = "ann@example.com"


@pytest.fixture
def app(app_on_each_db: Flask) -> Flask:
    """A service where two addresses are suppressed."""
    with app_on_each_db.app_context():
        for address in (ANN, "bob@example.com"):
            suppressions.suppress(address, "bounce", f"550 <{address}> unknown")
    return app_on_each_db


def listed(app: Flask) -> list[tuple[str | None, str | None]]:
    with app.app_context():
        return [(row.address, row.detail) for row in suppressions.list_all()]


STORED = [(ANN, f"550 <{ANN}> unknown"), ("bob@example.com", "550 <bob@example.com> unknown")]
FORGOTTEN = [(None, None), STORED[1]]


def test_an_erased_account_leaves_only_the_index(app: Flask) -> None:
    ann = Member(app, ANN)
    assert ann.call("DELETE", "/api/me", password=PASSWORD).status_code == 200
    assert listed(app) == FORGOTTEN
    queue_mail(app, to=ANN)
    assert [outcome for outcome, _ in deliver(app)] == ["suppressed"], "it is still on the list"
    assert "(erased)\tbounce" in app.test_cli_runner().invoke(cli.mail, ["suppressions"]).output
    with app.app_context():
        suppressions.remove(ANN)
    assert listed(app) == STORED[1:]


def test_one_that_is_anonymized_first_does_too(app: Flask) -> None:
    Member(app, ANN)
    with app.app_context(), write_session():
        deletion.anonymize(db.session.query(Account).one())
        db.session.commit()
    assert listed(app) == FORGOTTEN


@pytest.mark.parametrize(
    ("role", "has_data", "expected"),
    [
        ("owner", True, FORGOTTEN),
        ("owner", False, STORED),
        ("operator", False, FORGOTTEN),
    ],
)
def test_an_erased_visitor_leaves_only_the_index(
    app: Flask, key_of: KeyOf, role: str, has_data: bool, expected: Any
) -> None:
    client: FlaskClient = app.test_client()
    headers = key_of(app, OWNER, role=role)
    if has_data:
        submit(app, make_form(app), {"email": ANN}, people=[ANN])
    answer = client.post("/api/people/erase", json={"email": ANN}, headers=headers)
    assert answer.json["data"] == {"erased": int(has_data)}
    assert listed(app) == expected


def test_the_export_of_an_account_says_that_its_address_is_on_the_list(app: Flask) -> None:
    ann, cleo = Member(app, ANN), Member(app, "cleo@example.com")
    exported = ann.call("GET", "/api/me/export").json["data"]["suppression"]
    assert (exported["reason"], exported["detail"]) == ("bounce", STORED[0][1])
    assert cleo.call("GET", "/api/me/export").json["data"]["suppression"] is None
