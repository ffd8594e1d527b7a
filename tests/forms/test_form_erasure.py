"""Deleting forms and accounts with much in them: out of sight at once, erased piece by piece."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.accounts.models import Account
from forms_service.forms import deletion
from forms_service.forms.models import Form, FormVersion
from forms_service.submissions import deletion as submission_deletion
from forms_service.submissions import notification
from forms_service.submissions.models import IdempotencyKey, Submission, SubmissionEmail
from forms_service.uploads.models import File
from tests.conftest import KeyOf
from tests.support.accounts import PASSWORD, Member, login
from tests.support.stored import attach, count, make_form, remember_key, submit

ANN = "ann@visitor.example"


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two submissions are a piece, so that five are much."""
    monkeypatch.setattr(submission_deletion, "AT_ONCE", 2)
    monkeypatch.setattr(deletion, "BATCH_DELAY", 0)


def fill(app: Flask, form: str, number: int = 7) -> list[str]:
    sent = [submit(app, form, {"email": ANN}, people=[ANN]) for _ in range(number)]
    attach(app, sent[0], "cv.pdf", b"%PDF")
    remember_key(app, form, sent[0])
    return sent


def sweep(app: Flask) -> None:
    with app.app_context():
        deletion.erase_deleted_forms()


def test_a_small_form_is_erased_by_the_request(either: FlaskClient, either_app: Flask, key_of: KeyOf) -> None:
    owner = key_of(either_app)
    form = make_form(either_app)
    fill(either_app, form, 3)
    assert either.delete(f"/api/forms/{form}", headers=owner).status_code == 200
    assert count(either_app, Form, FormVersion, Submission, File, SubmissionEmail, IdempotencyKey) == [0] * 6
    assert either.get(f"/api/forms/{form}/erasure", headers=owner).status_code == 404


def test_a_large_form_is_hidden_at_once(either: FlaskClient, either_app: Flask, key_of: KeyOf) -> None:
    owner, operator = key_of(either_app), key_of(either_app, "op@example.com", role="operator")
    form = make_form(either_app)
    sent = fill(either_app, form)
    assert either.get(f"/f/{form}").status_code == 200
    answer = either.delete(f"/api/forms/{form}", headers=owner)
    assert (answer.status_code, answer.json["success"]) == (202, True)
    for path in (f"/f/{form}", f"/f/{form}/thanks"):
        assert either.get(path).status_code == 404
    assert either.post(f"/f/{form}", json={"a": "b"}).status_code == 404
    paths = ["", "/submissions", "/export", "/stats", "/versions", "/versions/1"]
    for headers in (owner, operator):
        for path in paths:
            assert either.get(f"/api/forms/{form}{path}", headers=headers).status_code == 404, path
        for path in (f"/api/submissions/{sent[6]}", f"/api/submissions/{sent[6]}/files/1"):
            assert either.get(path, headers=headers).status_code == 404
        assert either.delete(f"/api/forms/{form}", headers=headers).status_code == 404
        assert either.get("/api/forms", headers=headers).json["data"] == []
        assert either.post("/api/people/find", headers=headers, json={"email": ANN}).json["data"] == []
    with either_app.app_context():
        assert notification.notification_payload(Submission.query.first().id) is None


def test_the_background_erases_the_rest_and_reports_progress(
    either: FlaskClient, either_app: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, stranger = key_of(either_app), key_of(either_app, "stranger@example.com")
    form, other = make_form(either_app), make_form(either_app)
    fill(either_app, form, 11)
    kept = submit(either_app, other)
    either.delete(f"/api/forms/{form}", headers=owner)
    path = f"/api/forms/{form}/erasure"
    assert either.get(path, headers=owner).json["data"]["submissions_left"] == 7
    assert either.get(path, headers=stranger).status_code == 404
    assert either.get(f"/api/forms/{other}/erasure", headers=owner).status_code == 404
    with monkeypatch.context() as patched:
        patched.setattr(deletion, "MAX_RUN_SECONDS", -1)
        sweep(either_app)
    assert either.get(path, headers=owner).json["data"]["submissions_left"] == 5
    with monkeypatch.context() as patched:
        patched.setattr(deletion, "_delete_form", lambda _: 1 / 0)  # as if the process were killed before the end
        with pytest.raises(ZeroDivisionError):
            sweep(either_app)
    sweep(either_app)
    assert either.get(path, headers=owner).status_code == 404
    assert count(either_app, Form, Submission, File, SubmissionEmail, IdempotencyKey) == [1, 1, 0, 0, 0]
    assert either.get(f"/api/submissions/{kept}", headers=owner).status_code == 200


def test_a_large_account_is_hidden_at_once_and_its_row_deleted_with_its_last_form(
    either: FlaskClient, either_app: Flask
) -> None:
    owner = Member(either_app, "olga@example.com", role="owner")
    forms = [make_form(either_app, owner.email) for _ in range(2)]
    fill(either_app, forms[0])
    fill(either_app, forms[1], 1)
    answer = owner.call("DELETE", "/api/me", password=PASSWORD)
    assert answer.status_code == 202
    assert owner.call("GET", "/api/me").status_code == 401
    assert login(either, owner.email).status_code == 401
    assert [either.get(f"/f/{form}").status_code for form in forms] == [404, 404]
    again = Member(either_app, owner.email, role="owner")
    assert again.call("GET", "/api/forms").json["data"] == []
    assert count(either_app, Account, Form) == [2, 1]
    sweep(either_app)
    assert count(either_app, Account, Form, Submission) == [1, 0, 0]


def test_a_small_account_is_erased_by_the_request(either: FlaskClient, either_app: Flask) -> None:
    owner = Member(either_app, "olga@example.com", role="owner")
    fill(either_app, make_form(either_app, owner.email), 3)
    assert owner.call("DELETE", "/api/me", password=PASSWORD).status_code == 200
    assert count(either_app, Account, Form, Submission) == [0, 0, 0]
