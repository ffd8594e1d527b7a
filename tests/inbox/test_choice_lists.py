"""Several choices are a list wherever they are shown, also those that were stored as one text."""

import json
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import KeyOf
from tests.inbox.test_inbox_export import fetch_export
from tests.support.stored import make_form, submit

TOPICS: list[dict[str, Any]] = [
    {"name": "topics", "type": "multiselect", "choices": ["sales", "support"]},
    {"name": "name", "type": "text"},
]
WORDS: list[dict[str, Any]] = [{"name": "topics", "type": "text"}]


def test_an_older_submission_shows_one_choice_as_a_list(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner = key_of(app_on_each_db)
    form = make_form(app_on_each_db, "owner@example.com", TOPICS, WORDS)
    data = {"name": 'Ann "topics": "x"', "topics": "sales"}
    one = submit(app_on_each_db, form, data, people=["ann@example.com"])
    shown = {"name": 'Ann "topics": "x"', "topics": ["sales"]}
    submission = client_on_each_db.get(f"/api/submissions/{one}", headers=owner).json["data"]
    assert submission["data"] == shown
    listed = client_on_each_db.get(f"/api/forms/{form}/submissions", headers=owner).json["data"]
    searched = client_on_each_db.post(f"/api/forms/{form}/submissions/search", headers=owner, json={"q": "sales"}).json[
        "data"
    ]
    person = client_on_each_db.post("/api/people/find", headers=owner, json={"email": "ann@example.com"}).json["data"]
    exported = [json.loads(line) for line in fetch_export(client_on_each_db, owner, form, format="jsonl").splitlines()]
    assert [item["data"] for item in (*listed, *searched, *person, *exported)] == [shown] * 4


def test_what_was_no_choice_at_the_time_stays_as_it_is(client: FlaskClient, app: Flask, key_of: KeyOf) -> None:
    owner = key_of(app)
    form = make_form(app, "owner@example.com", TOPICS, WORDS)
    for version, data, shown in [
        (2, {"topics": "sales"}, {"topics": "sales"}),
        (1, {"topics": ""}, {"topics": []}),
        (1, {"topics": ["sales", "support"]}, {"topics": ["sales", "support"]}),
        (1, {"name": "topics"}, {"name": "topics"}),
        (1, {"more": {"topics": "x"}}, {"more": {"topics": "x"}}),
    ]:
        one = submit(app, form, data, form_version=version)
        assert client.get(f"/api/submissions/{one}", headers=owner).json["data"]["data"] == shown
