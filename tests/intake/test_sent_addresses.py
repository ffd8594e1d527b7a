"""Addresses as people write them, tokens and texts as pages add them."""

import uuid
from typing import Any

import altcha
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Uuid, bindparam, text

from forms_service.commands.forms import submissions
from forms_service.extensions import db
from forms_service.spam import altcha_challenges, captcha_providers
from forms_service.submissions import address_index
from tests.conftest import KeyOf
from tests.support.stored import submit
from tests.support.visitors import JSON, form_for, submissions_of

URLENCODED = "application/x-www-form-urlencoded"
SPELLINGS = [
    "Ann Example <ann@example.com>",
    '"Example, Ann" <ann@example.com>',
    "<ann@example.com>",
    "mailto:ann@example.com",
    "MAILTO:ann@example.com?subject=Hello%20there",
    "<mailto:ann@example.com>",
    "ann@example.com (Ann)",
    "Ann [mailto:ann@example.com]",
    "bob@example.com / ann@example.com",
    "Ann <ann@example.com>.",
    "ann@example.com.",
    "\u202aann@example.com\u202c\u200b",
    "Bob <bob@example.com>; Ann <ann@example.com>",
    "bob@example.com,\n Ann <ann@example.com>",
]


def test_a_person_is_found_and_erased_however_the_address_is_written(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf
) -> None:
    owner, form = key_of(app_on_each_db), form_for(app_on_each_db)
    for number, spelling in enumerate(SPELLINGS):
        assert client_on_each_db.post(f"/f/{form}", json={"n": number, "from": spelling}).status_code == 200
    assert client_on_each_db.post(f"/f/{form}", json={"n": -1, "_replyto": SPELLINGS[0]}).status_code == 200
    assert client_on_each_db.post(f"/f/{form}", json={"n": "Write to Ann <ann@example.com>, please"}).status_code == 200
    response = client_on_each_db.post("/api/people/find?limit=50", headers=owner, json={"email": "ANN@example.com"})
    assert sorted(item["data"]["n"] for item in response.json["data"]) == list(range(-1, len(SPELLINGS)))
    erased = client_on_each_db.post("/api/people/erase", headers=owner, json={"email": "Ann <ann@example.com>"})
    assert erased.json["data"] == {"erased": len(SPELLINGS) + 1}
    assert len(submissions_of(app_on_each_db, form)) == 1


def test_older_submissions_are_indexed_by_a_command(
    client_on_each_db: FlaskClient, app_on_each_db: Flask, key_of: KeyOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(address_index, "BATCH_SIZE", 2)
    owner, form = key_of(app_on_each_db), form_for(app_on_each_db)
    for number in range(5):
        submit(app_on_each_db, form, {"n": number, "from": f"Ann <ann@example.com>, b{number}@example.com"})
    damaged = submit(app_on_each_db, form)
    with app_on_each_db.app_context(), db.engine.begin() as connection:
        values = {"data": b"damaged", "id": uuid.UUID(damaged)}
        statement = text("UPDATE submissions SET data = :data WHERE id = :id").bindparams(bindparam("id", type_=Uuid))
        assert connection.execute(statement, values).rowcount == 1
    runner = app_on_each_db.test_cli_runner()
    assert runner.invoke(submissions, ["index"]).output == "Addresses added to the index: 10\n"
    assert runner.invoke(submissions, ["index"]).output == "Addresses added to the index: 0\n"
    response = client_on_each_db.post("/api/people/find", headers=owner, json={"email": "ann@example.com"})
    assert [item["data"]["n"] for item in response.json["data"]] == [4, 3, 2, 1, 0]


@pytest.mark.parametrize("email", ["Ann <ann@example.com", "a@example.com, b@example.com", "ann", "<>"])
def test_a_person_is_asked_for_by_one_address(app: Flask, key_of: KeyOf, email: str) -> None:
    answer = app.test_client().post("/api/people/find", headers=key_of(app), json={"email": email})
    assert (answer.status_code, answer.json["codes"]) == (422, {"email": ["invalid_email"]})


@pytest.mark.parametrize("before", ["altcha=&", "altcha=%20&altcha=bad&", ""])
@pytest.mark.parametrize("after", ["&altcha=", ""])
def test_each_token_of_a_captcha_that_is_not_empty_is_tried(
    app: Flask, monkeypatch: pytest.MonkeyPatch, before: str, after: str
) -> None:
    monkeypatch.setattr(altcha_challenges, "COST", 1)
    form, client = form_for(app, challenge="altcha"), app.test_client()
    puzzle = altcha.Challenge.from_dict(client.get(f"/f/{form}/challenge").json)
    token = altcha.Payload(puzzle, altcha.solve_challenge(puzzle)).to_base64().replace("+", "%2B")
    body = f"a=1&{before}altcha={token}{after}"
    assert client.post(f"/f/{form}", data=body, content_type=URLENCODED, headers=JSON).status_code == 200


def test_no_more_than_a_few_tokens_are_tried(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    monkeypatch.setattr(altcha_challenges, "verify_solution", lambda form_id, token: tried.append(token))
    form = form_for(app, challenge="altcha")
    answer = app.test_client().post(f"/f/{form}", json={"a": "1", "altcha": ["", *map(str, range(50))]})
    assert (answer.status_code, answer.json["codes"]) == (422, {"altcha": ["challenge"]})
    assert tried == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("turnstile", "cf-turnstile-response"),
        ("hcaptcha", "h-captcha-response"),
        ("recaptcha", "g-recaptcha-response"),
    ],
)
def test_a_provider_is_asked_about_each_token_within_one_deadline(
    app: Flask, monkeypatch: pytest.MonkeyPatch, kind: str, name: str
) -> None:
    calls: list[tuple[str, float]] = []

    def verify(url: str, *, secret: str, token: str, client: str, timeout: float) -> bool:
        calls.append((token, timeout))
        return token == "good"

    monkeypatch.setattr(captcha_providers, "verify", verify)
    form = form_for(app, challenge=kind, challenge_site_key="site", challenge_secret="secret")
    body = f"a=1&{name}=&{name}=old&{name}=good&{name}="
    answer = app.test_client().post(f"/f/{form}", data=body, content_type=URLENCODED, headers=JSON)
    assert answer.status_code == 200, answer.json
    assert [token for token, _ in calls] == ["old", "good"]
    assert captcha_providers.TIMEOUT >= calls[0][1] >= calls[1][1]


POLL = [{"name": "helpful", "type": "radio", "choices": ["yes", "no"]}, {"name": "page", "type": "hidden"}]


@pytest.mark.parametrize("fields", [[], POLL])
def test_seven_people_who_agree_about_a_page_are_all_in_the_inbox(
    app_on_each_db: Flask, fields: list[dict[str, Any]]
) -> None:
    form, client = form_for(app_on_each_db, fields), app_on_each_db.test_client()
    data = {"helpful": "yes", "page": "https://www.site.example/docs/getting-started/installation?x=1"}
    for number in range(7):
        client.post(f"/f/{form}", json=data, environ_base={"REMOTE_ADDR": f"198.51.100.{number}"})
    assert [submission.status for submission in submissions_of(app_on_each_db, form)] == ["inbox"] * 7
