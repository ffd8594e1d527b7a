"""Erasure of forms and accounts with many submissions: hidden at once, deleted in batches."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.accounts.models import Account
from forms_service.database.types import new_id, now
from forms_service.delivery.payloads import MessageRef
from forms_service.forms import deletion
from forms_service.forms.models import Form, FormVersion
from forms_service.notifications import submission_mail
from forms_service.submissions import deletion as submission_deletion
from forms_service.submissions.models import IdempotencyKey, Submission, SubmissionEmail
from forms_service.uploads.models import File
from tests.conftest import KeyOf
from tests.support.accounts import PASSWORD, Member, login
from tests.support.faults import before_statements
from tests.support.stored import attach, count, make_form, remember_key, submit

ANN = "ann@visitor.example"


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two submissions are a piece, so that five are much."""
    monkeypatch.setattr(submission_deletion, "FORM_BATCH_SIZE", 2)


def fill(app: Flask, form: str, number: int = 7) -> list[str]:
    submission_ids = [submit(app, form, {"email": ANN}, people=[ANN]) for _ in range(number)]
    attach(app, submission_ids[0], "cv.pdf", b"%PDF")
    remember_key(app, form, submission_ids[0])
    return submission_ids


def sweep(app: Flask) -> None:
    with app.app_context():
        deletion.erase_deleted_forms()


def test_a_small_form_is_erased_by_the_request(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    fill(app_on_each_db, form, 3)
    assert client_on_each_db.delete(f"/api/forms/{form}", headers=owner).status_code == 200
    assert count(app_on_each_db, Form, FormVersion, Submission, File, SubmissionEmail, IdempotencyKey) == [0] * 6
    assert client_on_each_db.get(f"/api/forms/{form}/erasure", headers=owner).status_code == 404


def test_a_large_form_is_hidden_at_once(client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf) -> None:
    owner, operator = key_of(app_on_each_db), key_of(app_on_each_db, "op@example.com", role="operator")
    form = make_form(app_on_each_db)
    submission_ids = fill(app_on_each_db, form)
    assert client_on_each_db.get(f"/f/{form}").status_code == 200
    response = client_on_each_db.delete(f"/api/forms/{form}", headers=owner)
    assert (response.status_code, response.json["success"]) == (202, True)
    for path in (f"/f/{form}", f"/f/{form}/thanks"):
        assert client_on_each_db.get(path).status_code == 404
    assert client_on_each_db.post(f"/f/{form}", json={"a": "b"}).status_code == 404
    paths = ["", "/submissions", "/export", "/stats", "/versions", "/versions/1"]
    for headers in (owner, operator):
        for path in paths:
            assert client_on_each_db.get(f"/api/forms/{form}{path}", headers=headers).status_code == 404, path
        for path in (f"/api/submissions/{submission_ids[6]}", f"/api/submissions/{submission_ids[6]}/files/1"):
            assert client_on_each_db.get(path, headers=headers).status_code == 404
        assert client_on_each_db.delete(f"/api/forms/{form}", headers=headers).status_code == 404
        assert client_on_each_db.get("/api/forms", headers=headers).json["data"] == []
        assert client_on_each_db.post("/api/people/find", headers=headers, json={"email": ANN}).json["data"] == []
    with app_on_each_db.app_context():
        ref = MessageRef(new_id(), submission_mail.KIND, Submission.query.first().id, None, now())
        assert submission_mail.notification_payload(ref) is None


def test_the_background_erases_the_rest_and_reports_progress(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, stranger = key_of(app_on_each_db), key_of(app_on_each_db, "stranger@example.com")
    form, other = make_form(app_on_each_db), make_form(app_on_each_db)
    fill(app_on_each_db, form, 11)
    submission_id = submit(app_on_each_db, other)
    client_on_each_db.delete(f"/api/forms/{form}", headers=owner)
    path = f"/api/forms/{form}/erasure"
    assert client_on_each_db.get(path, headers=owner).json["data"]["submissions_left"] == 7
    assert client_on_each_db.get(path, headers=stranger).status_code == 404
    assert client_on_each_db.get(f"/api/forms/{other}/erasure", headers=owner).status_code == 404
    with monkeypatch.context() as patched:
        patched.setattr(deletion, "MAX_RUN_SECONDS", -1)
        sweep(app_on_each_db)
    assert client_on_each_db.get(path, headers=owner).json["data"]["submissions_left"] == 5
    killed = before_statements(app_on_each_db, "DELETE FROM forms", lambda: 1 / 0)  # as if before the end
    with killed, pytest.raises(ZeroDivisionError):
        sweep(app_on_each_db)
    sweep(app_on_each_db)
    assert client_on_each_db.get(path, headers=owner).status_code == 404
    assert count(app_on_each_db, Form, Submission, File, SubmissionEmail, IdempotencyKey) == [1, 1, 0, 0, 0]
    assert client_on_each_db.get(f"/api/submissions/{submission_id}", headers=owner).status_code == 200


def test_a_large_account_is_hidden_at_once_and_its_row_deleted_with_its_last_form(
    client_on_each_db: FlaskClient, app_on_each_db: Flask
) -> None:
    owner = Member(app_on_each_db, "olga@example.com", role="owner")
    forms = [make_form(app_on_each_db, owner.email) for _ in range(2)]
    fill(app_on_each_db, forms[0])
    fill(app_on_each_db, forms[1], 1)
    response = owner.call("DELETE", "/api/me", password=PASSWORD)
    assert response.status_code == 202
    assert owner.call("GET", "/api/me").status_code == 401
    assert login(client_on_each_db, owner.email).status_code == 401
    assert [client_on_each_db.get(f"/f/{form}").status_code for form in forms] == [404, 404]
    again = Member(app_on_each_db, owner.email, role="owner")
    assert again.call("GET", "/api/forms").json["data"] == []
    assert count(app_on_each_db, Account, Form) == [2, 1]
    sweep(app_on_each_db)
    assert count(app_on_each_db, Account, Form, Submission) == [1, 0, 0]


def test_a_small_account_is_erased_by_the_request(client_on_each_db: FlaskClient, app_on_each_db: Flask) -> None:
    owner = Member(app_on_each_db, "olga@example.com", role="owner")
    fill(app_on_each_db, make_form(app_on_each_db, owner.email), 3)
    assert owner.call("DELETE", "/api/me", password=PASSWORD).status_code == 200
    assert count(app_on_each_db, Account, Form, Submission) == [0, 0, 0]
