"""The inbox of a form: lists, one submission, and what an owner does with it."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.delivery.models import Message
from forms_service.submissions import queries
from forms_service.validation.references import reference_of
from tests.conftest import KeyOf, MakeApp
from tests.support.accounts import mails
from tests.support.stored import attach, count, make_form, submit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def listed(client: FlaskClient, headers: dict[str, str], form: str, **query: Any) -> Any:
    answer = client.get(f"/api/forms/{form}/submissions", headers=headers, query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def ids(answer: Any) -> list[str]:
    return [submission["id"] for submission in answer["data"]]


def test_shows_what_was_sent(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str
) -> None:
    data = {"zebra": "Grüße", "apple": ["1", "2"], "number": 1.5, "empty": ""}
    submission_id = submit(app_on_each_db, form, data, control='{"_subject": "Hi"}', created_at=NOON)
    attach(app_on_each_db, submission_id, "Lebenslauf.pdf", b"%PDF")
    (shown,) = listed(client_on_each_db, owner, form)["data"]
    assert shown == {
        "id": submission_id,
        "reference": reference_of(uuid.UUID(submission_id)),
        "form_id": form,
        "form_version": 1,
        "created_at": "2026-03-01T12:00:00+00:00",
        "status": "inbox",
        "read": False,
        "data": data,
        "files": [
            {
                "number": 1,
                "field": "cv",
                "name": "Lebenslauf.pdf",
                "content_type": "application/pdf",
                "size": 4,
                "scan": None,
                "threat": None,
            }
        ],
        "spam_reasons": [],
        "control": {"_subject": "Hi"},
    }
    assert list(shown["data"]) == list(data)
    assert client_on_each_db.get(f"/api/submissions/{submission_id}", headers=owner).json["data"] == shown


def test_pages_go_from_the_newest_to_the_oldest_and_miss_none(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str
) -> None:
    submission_ids = [
        submit(app_on_each_db, form, created_at=NOON + timedelta(hours=at // 2), read=at % 3 == 0, status=status)
        for at, status in enumerate(["inbox", "archived", "inbox"] * 3)
    ]
    listed_ids, cursor = [], None
    while True:
        query = {"limit": 2, "status": "archived,inbox"} | ({"cursor": cursor} if cursor else {})
        page = listed(client_on_each_db, owner, form, **query)
        listed_ids += ids(page)
        cursor = page["meta"]["next"]
        if not cursor:
            break
    newest = sorted(range(9), key=lambda at: (at // 2, submission_ids[at]), reverse=True)
    assert listed_ids == [submission_ids[at] for at in newest]


def test_filters_by_status_time_and_unread(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str
) -> None:
    early = submit(app_on_each_db, form, created_at=NOON)
    late = submit(app_on_each_db, form, created_at=NOON + timedelta(days=1), read=True)
    spam = submit(app_on_each_db, form, status="spam", spam_reasons="honeypot links")
    assert ids(listed(client_on_each_db, owner, form)) == [late, early]
    assert ids(listed(client_on_each_db, owner, form, status="spam")) == [spam]
    assert ids(listed(client_on_each_db, owner, form, status="spam,inbox")) == [spam, late, early]
    assert ids(listed(client_on_each_db, owner, form, status=["spam", "inbox"])) == [spam, late, early]
    assert ids(listed(client_on_each_db, owner, form, status=["spam,archived", "inbox"])) == [spam, late, early]
    assert ids(listed(client_on_each_db, owner, form, unread="true")) == [early]
    assert ids(listed(client_on_each_db, owner, form, unread="false")) == [late]
    assert ids(listed(client_on_each_db, owner, form, since="2026-03-01T13:00:01+01:00")) == [late]
    assert ids(listed(client_on_each_db, owner, form, since="2026-03-01T12:00:00Z")) == [late, early]
    assert ids(listed(client_on_each_db, owner, form, until="2026-03-02T12:00:00Z")) == [early]
    assert listed(client_on_each_db, owner, form, status="spam")["data"][0]["spam_reasons"] == ["honeypot", "links"]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"status": "inbox,nonsense"}, "status", "not_a_choice"),
        ({"status": ""}, "status", "not_a_choice"),
        ({"since": "yesterday"}, "since", "invalid_datetime"),
        ({"until": "0001-01-01T00:00:00+14:00"}, "until", "invalid_datetime"),
        ({"unread": "maybe"}, "unread", "invalid"),
        ({"limit": "0"}, "limit", "invalid_number"),
        ({"cursor": "x"}, "cursor", "invalid_cursor"),
        ({"cursor": "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwiMSJd"}, "cursor", "invalid_cursor"),
        ({"q": "ann"}, "q", "unknown"),
        ({"status": ["inbox", "nonsense"]}, "status", "not_a_choice"),
        ({"status": ["inbox", ""]}, "status", "not_a_choice"),
        ({"limit": ["1", "2"]}, "limit", "repeated"),
        ({"limit": ["1", "1"]}, "limit", "repeated"),
        ({"cursor": ["x", ""]}, "cursor", "repeated"),
        ({"since": ["2026-01-01T00:00:00Z"] * 2}, "since", "repeated"),
        ({"unread": ["true", "false"]}, "unread", "repeated"),
        ({"n" * 300: ["1", "2"]}, "n" * 200, "repeated"),
    ],
)
def test_names_what_is_wrong_with_a_filter(
    shared_client: FlaskClient,
    shared_app: Flask,
    shared_owner: dict[str, str],
    query: dict[str, Any],
    field: str,
    code: str,
) -> None:
    answer = shared_client.get(
        f"/api/forms/{make_form(shared_app)}/submissions", headers=shared_owner, query_string=query
    )
    assert (answer.status_code, answer.json["codes"]) == (422, {field: [code]})


def test_a_page_of_huge_submissions_is_shorter(
    client_on_each_db: FlaskClient,
    app_on_each_db: Flask,
    owner: dict[str, str],
    form: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queries, "MAX_BYTES", 1000)
    submission_ids = [submit(app_on_each_db, form, {"text": "x" * 600}) for _ in range(3)]
    first = listed(client_on_each_db, owner, form)
    assert ids(first) == submission_ids[:0:-1]
    assert ids(listed(client_on_each_db, owner, form, cursor=first["meta"]["next"])) == submission_ids[:1]


def test_marks_and_moves_a_submission(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str
) -> None:
    submission_id = submit(app_on_each_db, form)
    changed = client_on_each_db.patch(
        f"/api/submissions/{submission_id}", headers=owner, json={"read": True, "status": "archived"}
    )
    assert (
        client_on_each_db.patch(f"/api/submissions/{submission_id}", headers=owner, json={}).json["data"]
        == changed.json["data"]
    )
    assert changed.status_code == 200
    assert (changed.json["data"]["read"], changed.json["data"]["status"]) == (True, "archived")
    assert ids(listed(client_on_each_db, owner, form, status="archived", unread="false")) == [submission_id]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"status": None}, "status"), ({"status": "unconfirmed"}, "status"), ({"read": 1}, "read"), ({"x": 1}, "x")],
)
def test_a_change_says_what_and_only_what_may_be_changed(
    shared_client: FlaskClient, shared_app: Flask, shared_owner: dict[str, str], body: dict[str, Any], field: str
) -> None:
    submission_id = submit(shared_app, make_form(shared_app))
    answer = shared_client.patch(f"/api/submissions/{submission_id}", headers=shared_owner, json=body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def test_spam_marked_good_sends_the_notification_once(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str
) -> None:
    submission_id = submit(app_on_each_db, form, status="spam", spam_reasons="links")
    for status in ("inbox", "spam", "inbox"):
        answer = client_on_each_db.patch(f"/api/submissions/{submission_id}", headers=owner, json={"status": status})
        assert answer.json["data"]["status"] == status
    assert answer.json["data"]["spam_reasons"] == []
    assert count(app_on_each_db, Message) == [1]


@pytest.mark.parametrize("archived_in_bulk", [False, True])
@pytest.mark.parametrize("moved_in_bulk", [False, True])
def test_spam_marked_good_from_the_archive_sends_the_notification_once(
    client_on_each_db: FlaskClient,
    app_on_each_db: Flask,
    owner: dict[str, str],
    form: str,
    archived_in_bulk: bool,
    moved_in_bulk: bool,
) -> None:
    submission_id = submit(app_on_each_db, form, status="spam", spam_reasons="links")

    def move(status: str, bulk: bool) -> Any:
        if not bulk:
            return client_on_each_db.patch(
                f"/api/submissions/{submission_id}", headers=owner, json={"status": status}
            ).json["data"]
        body = {"ids": [submission_id], "status": status}
        assert (
            client_on_each_db.post(f"/api/forms/{form}/submissions/bulk", headers=owner, json=body).status_code == 200
        )
        return client_on_each_db.get(f"/api/submissions/{submission_id}", headers=owner).json["data"]

    assert move("archived", archived_in_bulk)["spam_reasons"] == ["links"]
    assert count(app_on_each_db, Message) == [0]
    assert move("inbox", moved_in_bulk)["spam_reasons"] == []
    assert count(app_on_each_db, Message) == [1]
    for status in ("archived", "inbox", "spam", "archived", "inbox", "inbox", "spam", "inbox"):
        assert move(status, moved_in_bulk)["status"] == status
    assert count(app_on_each_db, Message) == [1]


def test_the_notification_has_the_labels_and_the_address_that_it_was_sent_under(
    make_app_on_each_db: MakeApp, key_of: KeyOf
) -> None:
    app = make_app_on_each_db(BACKGROUND_WORK="outside")
    owner, client = key_of(app), app.test_client()
    old = [{"name": "a", "type": "email", "label": "Your address"}]
    form = make_form(app, "owner@example.com", old, [{"name": "a", "type": "text", "label": "Fax"}])
    judged = {"status": "spam", "spam_reasons": "links"}
    submission_ids = [submit(app, form, {"a": "ann@example.com"}, form_version=number, **judged) for number in (1, 2)]
    body = {"ids": submission_ids, "status": "inbox"}
    assert client.post(f"/api/forms/{form}/submissions/bulk", headers=owner, json=body).status_code == 200
    assert sorted((mail["lines"], mail["_reply_to"]) for mail in mails(app)) == [
        ([["Fax", "ann@example.com"]], None),
        ([["Your address", "ann@example.com"]], "ann@example.com"),
    ]


def test_what_was_never_taken_for_spam_is_not_notified_of_again(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str
) -> None:
    submission_id = submit(app_on_each_db, form)
    for status in ("spam", "inbox"):
        client_on_each_db.patch(f"/api/submissions/{submission_id}", headers=owner, json={"status": status})
    assert count(app_on_each_db, Message) == [0]


def test_changes_many_at_once(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str
) -> None:
    submission_ids = [submit(app_on_each_db, form, status="spam", spam_reasons="links") for _ in range(3)]
    stranger = submit(app_on_each_db, make_form(app_on_each_db))
    body = {"ids": [*submission_ids[:2], stranger], "read": True, "status": "inbox"}
    answer = client_on_each_db.post(f"/api/forms/{form}/submissions/bulk", headers=owner, json=body)
    assert sorted(answer.json["data"]["done"]) == submission_ids[:2]
    assert answer.json["data"]["missing"] == [stranger]
    assert ids(listed(client_on_each_db, owner, form, unread="false")) == submission_ids[1::-1]
    assert count(app_on_each_db, Message) == [2]


@pytest.mark.parametrize(
    "body",
    [
        {"ids": []},
        {"ids": ["x"], "read": True},
        {"ids": [str(uuid.uuid4())], "delete": True, "read": True},
        {"ids": [str(uuid.uuid4())], "delete": False},
        {"ids": [str(uuid.uuid4()) for _ in range(501)], "read": True},
        {"ids": "all", "read": True},
        {"read": True},
    ],
)
def test_a_bulk_change_says_what_to_do_and_to_which(
    shared_client: FlaskClient, shared_app: Flask, shared_owner: dict[str, str], body: dict[str, Any]
) -> None:
    answer = shared_client.post(f"/api/forms/{make_form(shared_app)}/submissions/bulk", headers=shared_owner, json=body)
    assert answer.status_code == 422


@pytest.mark.parametrize("value", [1, 1.0, "true", 0, False])
def test_only_true_deletes(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, owner: dict[str, str], form: str, value: Any
) -> None:
    body = {"ids": [submit(app_on_each_db, form)], "delete": value}
    answer = client_on_each_db.post(f"/api/forms/{form}/submissions/bulk", headers=owner, json=body)
    assert (answer.status_code, answer.json.get("errors")) == (422, {"delete": "Must be true, or left out."})
    assert ids(listed(client_on_each_db, owner, form)) == body["ids"]
