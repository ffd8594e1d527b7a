"""Quotas of forms, versions, audit events and file storage."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.accounts import audit, cleanup
from forms_service.accounts.models import Event
from forms_service.extensions import db
from forms_service.forms import quotas
from forms_service.forms.models import FormVersion
from forms_service.privacy import retention
from tests.conftest import KeyOf, MakeApp
from tests.support.definitions import file_part, multipart, text_part
from tests.support.stored import count, make_form, submit

HTML = {"Accept": "text/html"}


def fields(number: int) -> list[dict[str, str]]:
    return [{"name": f"field{number}", "type": "text"}]


def test_the_number_of_forms_per_account_is_limited(make_app_on_each_db: MakeApp, key_of: KeyOf) -> None:
    app = make_app_on_each_db(FORMS_PER_ACCOUNT="2")
    client, owner, other = app.test_client(), key_of(app), key_of(app, "other@example.com")
    ids = [client.post("/api/forms", json={"name": "x"}, headers=owner).json["data"]["id"] for _ in range(2)]
    refused = client.post("/api/forms", json={"name": "x"}, headers=owner)
    assert (refused.status_code, refused.json["error_type"]) == (403, "AuthorizationError")
    assert refused.json["details"] == {"quota": "FORMS_PER_ACCOUNT", "limit": 2}
    assert client.post("/api/forms", json={"name": "x"}, headers=other).status_code == 201
    client.delete(f"/api/forms/{ids[0]}", headers=owner)
    assert client.post("/api/forms", json={"name": "x"}, headers=owner).status_code == 201


def test_no_quota_means_no_limit(make_app: MakeApp, key_of: KeyOf) -> None:
    app = make_app(FORMS_PER_ACCOUNT="0", FORM_STORAGE="0", ACCOUNT_STORAGE="0")
    client, owner = app.test_client(), key_of(app)
    form = client.post("/api/forms", json={"name": "x"}, headers=owner).json["data"]["id"]
    assert client.post(f"/f/{form}", **multipart(file_part("cv", "cv.txt", b"x" * 5000))).status_code == 200


def test_unused_versions_are_deleted_and_used_ones_are_limited(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "MAX_VERSIONS", 4)
    monkeypatch.setattr(retention, "NEWEST_VERSIONS", 2)
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db, "owner@example.com", fields(1))
    path = f"/api/forms/{form}"

    def change(number: int) -> int:
        return client_on_each_db.patch(path, headers=owner, json={"fields": fields(number)}).status_code

    def numbers() -> list[int]:
        return [each["version"] for each in client_on_each_db.get(f"{path}/versions", headers=owner).json["data"]]

    submit(app_on_each_db, form, form_version=1)
    assert [change(number) for number in range(2, 7)] == [200] * 5
    assert numbers() == [6, 5, 4, 1]
    for number in numbers():
        submit(app_on_each_db, form, form_version=number)
    refused = client_on_each_db.patch(path, headers=owner, json={"fields": fields(7)})
    assert (refused.status_code, refused.json["details"]) == (403, {"quota": "versions", "limit": 4})
    assert client_on_each_db.patch(path, headers=owner, json={"name": "Another"}).status_code == 200


def test_the_sweep_deletes_unused_versions(
    app_on_each_db: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "NEWEST_VERSIONS", 2)
    key_of(app_on_each_db)
    form = make_form(app_on_each_db, "owner@example.com", *(fields(number) for number in range(6)))
    submit(app_on_each_db, form, form_version=2)
    with app_on_each_db.app_context():
        retention.sweep()
        numbers = db.session.scalars(db.select(FormVersion.number).order_by(FormVersion.number)).all()
    assert numbers == [2, 5, 6]


def test_only_the_newest_audit_events_are_kept(app_on_each_db: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "MAX_EVENTS", 3)
    mine, others = uuid.uuid4(), uuid.uuid4()
    with app_on_each_db.app_context():
        for number in range(5):
            audit.record(f"event{number}", account_id=mine)
            db.session.commit()
        audit.record("other", account_id=others)
        db.session.commit()
        cleanup.delete_expired()
        names = db.session.scalars(db.select(Event.name).where(Event.account_id.in_([mine, others])).order_by(Event.id))
        assert names.all() == ["event2", "event3", "event4", "other"]


@pytest.fixture
def upload() -> Callable[..., int]:
    """Sends a text and a file of that size; the status."""

    def send(client: FlaskClient, form: str, size: int, **headers: str) -> int:
        body = multipart(
            text_part("name", "Ann <Example>"), file_part("cv", "cv.txt", uuid.uuid4().hex.encode() * (size // 32))
        )
        return client.post(f"/f/{form}", **body, headers=headers).status_code

    return send


def test_files_beyond_the_quota_are_refused_while_texts_are_accepted(
    make_app_on_each_db: MakeApp, key_of: KeyOf, upload: Callable[..., int]
) -> None:
    app = make_app_on_each_db(FORM_STORAGE="10000")
    client, owner = app.test_client(), key_of(app)
    form, other = make_form(app), make_form(app)
    assert [upload(client, form, 4000) for _ in range(3)] == [200, 200, 422]
    body = multipart(text_part("name", "Ann <Example>"), file_part("cv", "cv.txt", b"x" * 9000))
    refused = client.post(f"/f/{form}", **body)
    assert refused.json["codes"] == {"cv": ["storage_full"]}
    page = client.post(f"/f/{form}", **body, headers=HTML)
    assert page.status_code == 422
    assert "The file storage of this form is full" in page.text
    assert len(list(Path(app.instance_path, "files").rglob("*-*"))) == 2
    assert client.post(f"/f/{form}", json={"name": "no file"}).status_code == 200
    assert upload(client, form, 1600) == 200
    assert upload(client, other, 4000) == 200
    stats = client.get(f"/api/forms/{form}/stats", headers=owner).json["data"]
    assert stats["storage"] == {"bytes": 9600, "quota": 10000}
    assert stats["refusals"]["too_large"] == 3


def test_files_that_are_not_stored_take_no_room(make_app: MakeApp, key_of: KeyOf) -> None:
    app = make_app(FORM_STORAGE="5000")
    client, owner = app.test_client(), key_of(app)
    form = make_form(app, "owner@example.com", [{"name": "cv", "type": "file"}], unknown_fields="drop")
    for number in range(2):
        parts = (file_part("extra", "x.txt", bytes([number]) * 9000), file_part("cv", "cv.txt", bytes([number]) * 2000))
        answer = client.post(f"/f/{form}", **multipart(*parts))
        assert answer.status_code == 200, answer.json
    storage = client.get(f"/api/forms/{form}/stats", headers=owner).json["data"]["storage"]
    assert storage == {"bytes": 4000, "quota": 5000}


def test_erasure_frees_the_quota_at_once(make_app: MakeApp, key_of: KeyOf, upload: Callable[..., int]) -> None:
    app = make_app(FORM_STORAGE="5000")
    client, owner = app.test_client(), key_of(app)
    form = make_form(app)
    assert [upload(client, form, 4000) for _ in range(2)] == [200, 422]
    (submission,) = client.get(f"/api/forms/{form}/submissions", headers=owner).json["data"]
    client.delete(f"/api/submissions/{submission['id']}", headers=owner)
    assert upload(client, form, 4000) == 200


def test_all_forms_of_an_account_share_a_quota(
    make_app_on_each_db: MakeApp, key_of: KeyOf, upload: Callable[..., int]
) -> None:
    app = make_app_on_each_db(ACCOUNT_STORAGE="5000")
    client = app.test_client()
    key_of(app), key_of(app, "other@example.com")
    forms = [make_form(app), make_form(app), make_form(app, "other@example.com")]
    assert [upload(client, form, 4000) for form in forms] == [200, 422, 200]


def test_counting_costs_one_query_a_second_at_most(
    make_app: MakeApp, key_of: KeyOf, upload: Callable[..., int]
) -> None:
    app = make_app()
    client = app.test_client()
    key_of(app)
    form = make_form(app)
    statements: list[str] = []
    with app.app_context():
        db.event.listen(db.engine, "before_cursor_execute", lambda *words: statements.append(words[2]))
    assert [upload(client, form, 4000) for _ in range(5)] == [200] * 5
    assert sum("sum(submission_files.size)" in statement for statement in statements) <= 4
    assert count(app, FormVersion) == [1]
