"""Filters of submissions, and counts of those that they leave out."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import KeyOf
from tests.inbox.test_inbox_export import table
from tests.support.stored import make_form, submit

EVENING = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, 23, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "which"),
    [
        ({"since": "2026-11-25"}, "NOON NIGHT"),
        ({"until": "2026-11-25"}, "EVENING NOON NIGHT"),
        ({"until": "2026-11-24"}, "EVENING"),
        ({"since": "2026-11-25", "until": "2026-11-25"}, "NOON NIGHT"),
        ({"since": "2026-11-25", "until": "2026-11-25", "timezone": "Europe/Vienna"}, "EVENING NOON"),
        ({"until": "2026-11-25T12:00:00Z"}, "EVENING"),
        ({"until": "2026-11-25T13:00:00 01:00"}, "EVENING"),
        ({"since": " 2026-11-25 "}, "NOON NIGHT"),
        ({"since": "2026-11-26"}, ""),
    ],
)
def test_a_day_is_all_of_it_in_the_zone_that_is_asked_for(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf, query: dict[str, str], which: str
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    submission_ids = {
        name: submit(app_on_each_db, form, created_at=globals()[name]) for name in ("EVENING", "NOON", "NIGHT")
    }
    expected = [submission_ids[name] for name in which.split()[::-1]]
    answers = [
        client_on_each_db.get(f"/api/forms/{form}/submissions", headers=owner, query_string=query),
        client_on_each_db.post(f"/api/forms/{form}/submissions/search", headers=owner, json={"q": "ann", **query}),
    ]
    for answer in answers:
        assert [submission["id"] for submission in answer.json["data"]] == expected
    exported = client_on_each_db.get(f"/api/forms/{form}/export", headers=owner, query_string=query)
    assert [row[0] for row in table(exported.data)[1:]] == expected


@pytest.mark.parametrize("wrong", ["2026-02-30", "26-11-25", "2026-11-25T", "9999-12-31", "0001-01-01"])
def test_what_is_no_day_is_named(client: FlaskClient, app: Flask, key_of: KeyOf, wrong: str) -> None:
    owner = key_of(app)
    name = "until" if wrong.startswith("9999") else "since"
    query = {name: wrong, "timezone": "Asia/Tokyo"}
    answer = client.get(f"/api/forms/{make_form(app)}/submissions", headers=owner, query_string=query)
    assert (answer.status_code, answer.json["codes"]) == (422, {name: ["invalid_datetime"]})


def test_statistics_take_days_as_well(client: FlaskClient, app: Flask, key_of: KeyOf) -> None:
    owner = key_of(app)
    form = make_form(app)
    submit(app, form, created_at=NIGHT)
    query = {"since": "2026-11-24", "until": "2026-11-25"}
    answer = client.get(f"/api/forms/{form}/stats", headers=owner, query_string=query).json["data"]
    assert [(day["day"], day["inbox"]) for day in answer["by_day"]] == [("2026-11-24", 0), ("2026-11-25", 1)]


def test_a_list_and_an_export_say_what_they_leave_out(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db)
    for status, count in (("inbox", 2), ("archived", 3), ("spam", 1)):
        for _ in range(count):
            submit(app_on_each_db, form, status=status, created_at=NOON, read=status == "spam")

    def left_out(**query: Any) -> tuple[Any, str | None]:
        listed = client_on_each_db.get(f"/api/forms/{form}/submissions", headers=owner, query_string=query)
        exported = [
            client_on_each_db.get(f"/api/forms/{form}/export", headers=owner, query_string={**query, "format": kind})
            for kind in ("csv", "jsonl", "xlsx")
        ]
        (header,) = {answer.headers.get("X-Submissions-Left-Out") for answer in exported}
        return listed.json["meta"]["left_out"], header

    assert left_out() == ({"spam": 1, "archived": 3}, "spam=1, archived=3")
    assert left_out(status="inbox,archived") == ({"spam": 1}, "spam=1")
    assert left_out(unread="true") == ({"archived": 3}, "archived=3")
    assert left_out(since="2026-11-26") == ({}, None)
    assert left_out(status="inbox,archived,spam") == ({}, None)
    page = client_on_each_db.get(f"/api/forms/{form}/submissions?limit=1", headers=owner).json
    further = {"limit": 1, "cursor": page["meta"]["next"]}
    assert client_on_each_db.get(f"/api/forms/{form}/submissions", headers=owner, query_string=further).json[
        "meta"
    ] == {
        "next": None,
        "left_out": None,
    }
