"""Everything that one person sent: found, exported, erased, without the address in a URL or log."""

import json
import logging
import re

import pytest
from flask import Flask

from forms_service.delivery import suppressions
from forms_service.submissions.models import Submission
from forms_service.uploads.models import File
from tests.conftest import KeyOf
from tests.support.accounts import Member
from tests.support.console import Visitor
from tests.support.stored import OWNER, attach, count, make_form, submit

PAGE = "/console/people"
ANN = "ann@example.com"


@pytest.fixture
def forms(app_on_each_db: Flask, form: str, key_of: KeyOf) -> list[str]:
    """Two forms of the owner and one of somebody else, each with a submission of Ann's; Ben wrote to the first."""
    key_of(app_on_each_db, "other@example.com")
    made = [form, make_form(app_on_each_db), make_form(app_on_each_db, "other@example.com")]
    for number, form_id in enumerate(made):
        data = {"email": ANN, "message": f"Hello <b>{number}</b>"}
        attach(app_on_each_db, submit(app_on_each_db, form_id, data, people=[ANN]), "cv.pdf", b"%PDF")
    submit(app_on_each_db, form, {"email": ANN, "message": "Buy"}, people=[ANN], status="spam")
    submit(app_on_each_db, form, {"email": "ben@example.com", "message": "From Ben"}, people=["ben@example.com"])
    return made


def test_lists_what_an_address_sent_with_links(forms: list[str], signed_in: Visitor) -> None:
    answer = signed_in.send(PAGE, email="Ann <ANN@example.com>")
    assert answer.status_code == 200
    assert "3 submissions with this address" in answer.text
    links = re.findall(r'href="(/console/submissions/[0-9a-f-]+)"', answer.text)
    assert len(set(links)) == 3
    assert all(signed_in.get(link).status_code == 200 for link in links)
    assert "Hello &lt;b&gt;1&lt;/b&gt;" in answer.text
    assert '<span class="badge">spam</span>' in answer.text
    assert "From Ben" not in answer.text
    assert "Hello &lt;b&gt;2" not in answer.text


def test_says_when_there_is_nothing(forms: list[str], signed_in: Visitor) -> None:
    text = signed_in.send(PAGE, email="cleo@example.com").text
    assert "No submission has this address." in text
    assert "Export" not in text


def test_a_list_goes_on(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    for number in range(30):
        submit(app_on_each_db, form, {"message": f"number {number}"}, people=[ANN])
    first = signed_in.send(PAGE, email=ANN).text
    assert len(re.findall(r"number \d+", first)) == 25
    (cursor,) = re.findall(r'name="cursor" value="([\w-]+)"', first)
    last = signed_in.send(PAGE, email=ANN, cursor=cursor).text
    assert len(re.findall(r"number \d+", last)) == 5
    assert "30 submissions with this address, continued" in last
    assert 'name="cursor"' not in last


def test_a_bad_address_is_said_beside_the_field(signed_in: Visitor) -> None:
    refused = signed_in.send(PAGE, email="nobody")
    assert (refused.status_code, 'id="email-wrong"' in refused.text) == (422, True)
    assert 'value="nobody"' in refused.text


def test_exports_json_lines(forms: list[str], signed_in: Visitor) -> None:
    answer = signed_in.send(f"{PAGE}/export", PAGE, email=ANN)
    assert re.fullmatch(r'attachment; filename="submissions [\d-]+.jsonl"', answer.headers["Content-Disposition"])
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["data"]["message"] for row in rows] == ["Buy", "Hello <b>1</b>", "Hello <b>0</b>"]
    assert "Exported everything that one person sent" in signed_in.get("/console/events").text


def test_erases_after_a_question_that_says_how_many(
    app_on_each_db: Flask, forms: list[str], signed_in: Visitor
) -> None:
    text = signed_in.send(PAGE, email=ANN).text
    assert text.index("<summary>Erase everything…</summary>") < text.index("Erase 3 submissions</button>")
    answer = signed_in.send(f"{PAGE}/erase", PAGE, email=ANN)
    assert answer.headers["Location"] == "/console/people?erased=3"
    assert "3 submissions have been erased." in signed_in.get(answer.headers["Location"]).text
    assert "No submission has this address." in signed_in.send(PAGE, email=ANN).text
    assert count(app_on_each_db, Submission, File) == [2, 1], "Ben's, and the one of another owner's form"
    events = signed_in.get("/console/events").text
    assert "Erased everything that one person sent: 3" in events
    assert ANN not in events


def test_a_recipient_and_a_suppression_are_erased_too(
    app_on_each_db: Flask, forms: list[str], owner: dict[str, str], signed_in: Visitor
) -> None:
    path = f"/api/forms/{forms[0]}/recipients"
    assert signed_in.client.post(path, json={"email": ANN}, headers=owner).status_code == 201
    with app_on_each_db.app_context():
        suppressions.suppress(ANN, "bounce")
    signed_in.send(f"{PAGE}/erase", PAGE, email=ANN)
    emails = [item["email"] for item in signed_in.client.get(path, headers=owner).json["data"]]
    assert emails == [OWNER]
    with app_on_each_db.app_context():
        assert [row.address for row in suppressions.list_all()] == [None]


def test_no_url_or_log_has_the_address(forms: list[str], signed_in: Visitor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for page in (PAGE, f"{PAGE}/export", f"{PAGE}/erase"):
        answer = signed_in.send(page, PAGE, email=ANN)
        assert "ann" not in answer.headers.get("Location", "")
    lines = [json.dumps(vars(record), default=str) for record in caplog.records]
    assert any("/console/people" in line for line in lines)
    assert not any(ANN in line or "ann%40" in line for line in lines)


def test_operators_find_it_in_all_forms(app_on_each_db: Flask, forms: list[str], key_of: KeyOf) -> None:
    key_of(app_on_each_db, "operator@example.com", role="operator")
    operator = Visitor(app_on_each_db)
    operator.sign_in("operator@example.com")
    assert "4 submissions with this address" in operator.send(PAGE, email=ANN).text


def test_is_for_owners(app_on_each_db: Flask, forms: list[str]) -> None:
    Member(app_on_each_db, "user@example.com")
    user = Visitor(app_on_each_db)
    user.sign_in("user@example.com")
    assert user.get(PAGE).status_code == 403
    assert PAGE not in user.get("/console/account").text
    for page in (PAGE, f"{PAGE}/export", f"{PAGE}/erase"):
        assert user.send(page, "/console/account", email=ANN).status_code == 403
    assert count(app_on_each_db, Submission) == [5]


def test_another_site_erases_nobody(app_on_each_db: Flask, forms: list[str], signed_in: Visitor) -> None:
    fields = {"email": ANN, "csrf_token": signed_in.token(PAGE)}
    assert signed_in.post(f"{PAGE}/erase", fields, Origin="https://evil.example").status_code == 403
    assert signed_in.post(f"{PAGE}/erase", {"email": ANN}).status_code == 403
    assert count(app_on_each_db, Submission) == [5]
