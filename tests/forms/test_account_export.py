"""The forms in the export of an account."""

import json
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from forms_service.accounts.models import Account
from forms_service.extensions import db
from forms_service.signals import account_exporting
from tests.conftest import KeyOf
from tests.forms.test_forms import FIELDS, make


def test_an_account_export_contains_forms_without_secrets(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    settings = {"challenge": "hcaptcha", "challenge_site_key": "site", "challenge_secret": "Sesame-1234"}
    form = make(client_on_each_db, key_of(app_on_each_db), fields=FIELDS, settings=settings)
    document: dict[str, Any] = {}
    with app_on_each_db.app_context():
        account_id = db.session.scalar(select(Account.id))
        account_exporting.send(account_id=account_id, document=document)
    assert document["forms"] == [form]
    assert "Sesame" not in json.dumps(document)
