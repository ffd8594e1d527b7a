"""Access to submissions and their files."""

import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.submissions.models import Submission
from tests.conftest import KeyOf
from tests.support.stored import attach, count, make_form, submit

ROUTES = [
    ("GET", "/api/forms/{form}/submissions"),
    ("POST", "/api/forms/{form}/submissions/search"),
    ("POST", "/api/forms/{form}/submissions/bulk"),
    ("GET", "/api/forms/{form}/export"),
    ("GET", "/api/forms/{form}/stats"),
    ("GET", "/api/submissions/{id}"),
    ("PATCH", "/api/submissions/{id}"),
    ("DELETE", "/api/submissions/{id}"),
    ("GET", "/api/submissions/{id}/files/1"),
]


BODIES: dict[str, Any] = {
    "/api/forms/{form}/submissions/search": {"q": "ann"},
    "/api/forms/{form}/submissions/bulk": {"ids": [str(uuid.uuid4())], "read": True},
    "/api/submissions/{id}": {"read": True},
}


def test_what_is_anothers_looks_like_what_is_not_there(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str, key_of: KeyOf
) -> None:
    stranger = key_of(app_on_each_db, "stranger@example.com")
    operator = key_of(app_on_each_db, "operator@example.com", role="operator")
    submission_id = submit(app_on_each_db, form)
    attach(app_on_each_db, submission_id, "cv.pdf", b"%PDF")
    missing = {"form": "A" * 16, "id": uuid.uuid4()}
    for method, path in ROUTES:
        body = BODIES.get(path) if method != "GET" else None
        theirs = client_on_each_db.open(
            path.format(form=form, id=submission_id), method=method, headers=stranger, json=body
        )
        nobodys = client_on_each_db.open(path.format(**missing), method=method, headers=owner, json=body)
        assert (theirs.status_code, theirs.data) == (nobodys.status_code, nobodys.data) == (404, theirs.data), path
    assert count(app_on_each_db, Submission) == [1]
    for method, path in ROUTES:
        body = BODIES.get(path) if method != "GET" else None
        answer = client_on_each_db.open(
            path.format(form=form, id=submission_id), method=method, headers=operator, json=body
        )
        assert answer.status_code == 200 or method == "GET", path


def test_a_key_does_only_what_its_scope_says(client: FlaskClient, app: Flask, key_of: KeyOf) -> None:
    reader = key_of(app, scopes="submissions:read")
    writer = key_of(app, "writer@example.com", scopes="submissions:write")
    submission_id = submit(app, make_form(app))
    path = f"/api/submissions/{submission_id}"
    assert client.get(path, headers=reader).status_code == 200
    assert client.patch(path, headers=reader, json={"read": True}).status_code == 403
    assert client.delete(path, headers=reader).status_code == 403
    assert client.get(path, headers=writer).status_code == 403
    assert client.get(path).status_code == 401


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("cv.pdf", "attachment; filename=cv.pdf"),
        ("Größe 1.pdf", "attachment; filename=\"Groe 1.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%201.pdf"),
        ('../../etc/"pass\r\nwd', "attachment; filename=etc_pass_wd"),
        ("evil\u202efdp.exe", "attachment; filename=evil_fdp.exe"),
        ("…", "attachment; filename=file; filename*=UTF-8''%E2%80%A6"),
        ("日本", "attachment; filename=file; filename*=UTF-8''%E6%97%A5%E6%9C%AC"),
        (".", "attachment; filename=file"),
    ],
)
def test_a_file_is_saved_and_never_shown(
    client: FlaskClient, app: Flask, key_of: KeyOf, name: str, disposition: str
) -> None:
    owner = key_of(app)
    submission_id = submit(app, make_form(app))
    content = b"<script>alert(1)</script>" * 5000
    attach(app, submission_id, name, content)
    answer = client.get(f"/api/submissions/{submission_id}/files/1", headers=owner)
    assert answer.data == content
    assert answer.headers["Content-Disposition"] == disposition
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "sandbox"} == {
        *policy
    }
    assert answer.headers["Cache-Control"] == "no-store"
    for number in ("0", "2", "99999999999999999999"):
        assert client.get(f"/api/submissions/{submission_id}/files/{number}", headers=owner).status_code == 404


def test_a_file_that_is_gone_is_not_found(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str
) -> None:
    submission_id = submit(app_on_each_db, form)
    attach(app_on_each_db, submission_id, "cv.pdf", b"%PDF").unlink()
    assert client_on_each_db.get(f"/api/submissions/{submission_id}/files/1", headers=owner).status_code == 404
