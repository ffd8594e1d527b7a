"""The export page, and the download that it starts."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import update

from forms_service.accounts.models import Account
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from tests.console.inbox.conftest import Colleague
from tests.support.console import Visitor
from tests.support.stored import submit


@pytest.fixture
def path(app_on_each_db: Flask, form: str) -> str:
    submit(app_on_each_db, form, {"name": "Ann"}, created_at=datetime(2026, 3, 1, 20, tzinfo=UTC))
    submit(app_on_each_db, form, {"name": "Bob"}, status="archived", read=True)
    with app_on_each_db.app_context(), write_session():
        db.session.execute(update(Account).values(timezone="Asia/Tokyo"))
        db.session.commit()
    return f"/console/forms/{form}/export"


def test_a_download_has_the_chosen_folders_in_the_accounts_zone(signed_in: Visitor, path: str) -> None:
    text = signed_in.get(f"{path}?status=archived").text
    assert "<strong>1</strong> submission matches" in text
    assert 'value="archived" checked' in text
    assert "Times are in Asia/Tokyo" in text
    body = {
        "csrf_token": signed_in.token(path),
        "format": "csv",
        "status": ["inbox", "archived"],
        "since": "",
        "until": "",
    }
    answer = signed_in.post(path, body)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Submissions"] == "2"
    lines = answer.text.splitlines()
    assert len(lines) == 3
    assert "2026-03-02T05:00:00+09:00" in lines[2]
    answer = signed_in.post(path, {**body, "status": "inbox", "unread": "true", "until": "2026-03-01"})
    assert answer.headers["X-Submissions"] == "0"


def test_a_bad_date_is_said_on_the_page(signed_in: Visitor, path: str) -> None:
    answer = signed_in.post(path, {"csrf_token": signed_in.token(path), "format": "csv", "since": "soon"})
    assert answer.status_code == 422
    assert "Must be a date such as" in answer.text


def test_an_editor_exports_and_a_viewer_does_not(path: str, colleague: Colleague) -> None:
    assert colleague("editor").get(path).status_code == 200
    assert colleague("viewer").get(path).status_code == 403
