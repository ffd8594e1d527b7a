"""Double opt-in: nothing happens before the person has confirmed."""

import sqlite3
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.extensions import db
from forms_service.replies import opt_in
from forms_service.replies.models import OptIn
from forms_service.submissions.models import Submission
from tests.replies.conftest import MakeContact
from tests.support.faults import before_writes
from tests.support.people import OPT_IN, REPLY, URL, People, text_of
from tests.support.stored import count, make_form
from tests.support.visitors import ANN, BROWSER

pytestmark = pytest.mark.usefixtures("easy")

ADDRESS, OWNER = ANN["email"], "owner@example.com"


@pytest.fixture
def form(make_contact: MakeContact) -> str:
    return make_contact(double_opt_in=OPT_IN, reply=REPLY)


def status(people: People, submission: dict[str, Any]) -> str:
    with people.app.app_context():
        row = db.session.get(Submission, uuid.UUID(submission["id"]))
        return row.status if row else "erased"


def submitted(people: People, form: str, **more: Any) -> dict[str, Any]:
    data: dict[str, Any] = people.submit(form, **ANN, **more).json["data"]
    return data


def test_it_waits_and_nobody_else_is_told(people: People, form: str) -> None:
    submission = submitted(people, form)
    assert submission["status"] == "unconfirmed"
    assert status(people, submission) == "unconfirmed"
    mail = people.one_mail_to(ADDRESS)
    assert mail["Subject"] == "Please confirm"
    assert people.mails_to(OWNER) == []


def test_the_button_lets_everything_else_happen(people: People, form: str) -> None:
    submission = submitted(people, form)
    response = people.press(people.link_to(ADDRESS, "confirm"))
    assert (response.status_code, "<h1>Confirmed</h1>" in response.text) == (200, True)
    assert status(people, submission) == "inbox"
    assert len(people.mails_to(OWNER)) == 1
    assert people.mails_to(ADDRESS)[-1]["Subject"] == f"We got it ({submission['reference']})"
    assert text_of(people.mails_to(ADDRESS)[-1]).startswith("Hello Ann,"), "the person has typed it"


def test_used_again_it_says_so_and_does_nothing(people: People, form: str) -> None:
    submitted(people, form)
    link = people.link_to(ADDRESS, "confirm")
    people.press(link)
    people.deliver()
    mails = len(people.server.received)
    response = people.press(link)
    assert "Confirmed already" in response.text
    assert "Confirmed already" in people.client.get(link).text
    people.deliver()
    assert len(people.server.received) == mails


def test_pressed_at_once_by_many_it_happens_once(people: People, form: str) -> None:
    submitted(people, form)
    path, _, token = people.link_to(ADDRESS, "confirm").partition("?token=")

    def press(_: int) -> bool:
        answer = people.app.test_client().post(path, json={"token": token})
        return bool(answer.json["message"] == "Confirmed.")

    with ThreadPoolExecutor(4) as fingers:
        assert sum(fingers.map(press, range(8))) == 1
    assert len(people.mails_to(OWNER)) == 1


def test_opening_every_link_of_every_mail_changes_nothing(people: People, form: str) -> None:
    submission = submitted(people, form)
    people.deliver()
    _open_links(people)
    assert status(people, submission) == "unconfirmed"
    people.press(people.link_to(ADDRESS, "confirm"))
    people.deliver()
    mails = len(people.server.received)
    _open_links(people)
    people.deliver()
    assert (status(people, submission), len(people.server.received)) == ("inbox", mails)


def _open_links(people: People) -> None:
    links = [url for mail in people.server.received for url in URL.findall(text_of(mail))]
    assert links
    for link in links:
        for method in ("HEAD", "GET", "OPTIONS"):
            people.client.open(link.removeprefix("https://forms.example.com"), method=method)


def test_the_page_has_one_button_and_no_script(people: People, form: str) -> None:
    submitted(people, form)
    page = people.client.get(people.link_to(ADDRESS, "confirm"))
    assert (page.text.count("<button"), page.text.count("<script")) == (1, 0)
    assert "Set-Cookie" not in page.headers
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "a" * 5000])
def test_a_wrong_token_is_refused(people: People, form: str, token: str) -> None:
    submission = submitted(people, form)
    assert people.client.get(f"/f/{form}/confirm", query_string={"token": token}).status_code == 404
    assert people.press(f"/f/{form}/confirm?token={token}").status_code in (404, 422)
    assert status(people, submission) == "unconfirmed"


def test_half_a_character_is_no_token(people: People, form: str) -> None:
    body = r'{"token": "\ud800"}'
    response = people.client.post(f"/f/{form}/confirm", data=body, content_type="application/json")
    assert response.status_code in (400, 404, 422)


def test_the_token_of_another_form_is_refused(people: People, form: str, make_contact: MakeContact) -> None:
    submission = submitted(people, form)
    link = people.link_to(ADDRESS, "confirm").replace(form, make_contact(double_opt_in=OPT_IN))
    assert people.press(link).status_code == 404
    assert status(people, submission) == "unconfirmed"


def test_the_token_is_stored_as_a_hash_and_encrypted(people: People, form: str) -> None:
    submitted(people, form)
    token = people.link_to(ADDRESS, "confirm").partition("=")[2]
    with people.app.app_context(), db.engine.connect() as connection:
        (row,) = connection.exec_driver_sql("SELECT * FROM opt_ins").all()
        assert not any(token.encode() in bytes(value) for value in row if isinstance(value, bytes | memoryview))
        assert not any(token in value for value in row if isinstance(value, str))


def test_it_expires_with_the_submission_after_a_week(people: People, form: str, clock: Any) -> None:
    submission = submitted(people, form)
    link = people.link_to(ADDRESS, "confirm")
    clock(days=7, seconds=1)
    assert people.client.get(link).status_code == 410
    assert people.press(link).status_code == 410
    assert status(people, submission) == "unconfirmed"
    with people.app.app_context():
        opt_in.sweep()
    assert status(people, submission) == "erased"
    assert count(people.app, OptIn) == [0]


def test_confirmed_and_younger_ones_stay(people: People, form: str, clock: Any) -> None:
    confirmed = submitted(people, form)
    people.press(people.link_to(ADDRESS, "confirm"))
    clock(days=6)
    younger = submitted(people, form, age=7)
    clock(days=2)
    with people.app.app_context():
        opt_in.sweep()
    assert (status(people, confirmed), status(people, younger)) == ("inbox", "unconfirmed")


@pytest.mark.parametrize("make_app_on_each_db", ["sqlite"], indirect=True)
def test_one_that_another_process_confirms_while_expired_ones_are_erased_stays(
    people: People, form: str, clock: Any
) -> None:
    submission = submitted(people, form)
    clock(days=7, seconds=1)
    with people.app.app_context():
        file = str(db.engine.url.database)

    def confirm() -> None:
        with closing(sqlite3.connect(file)) as other:
            other.execute("UPDATE submissions SET status = 'inbox'")
            other.commit()

    with people.app.app_context(), before_writes(confirm):
        opt_in.sweep()
    assert status(people, submission) == "inbox"


class TestAskedForAgain:
    def test_at_most_twice(self, people: People, form: str) -> None:
        submission = submitted(people, form)
        for _ in range(4):
            response = people.client.post(f"/f/{form}/resend", data={"submission": submission["id"]})
            assert response.status_code == 200
        assert len(people.mails_to(ADDRESS)) == 3

    def test_the_first_link_stays_valid(self, people: People, form: str) -> None:
        submission = submitted(people, form)
        first = people.link_to(ADDRESS, "confirm")
        people.client.post(f"/f/{form}/resend", json={"submission": submission["id"]})
        assert people.link_to(ADDRESS, "confirm") == first

    def test_not_once_it_is_confirmed(self, people: People, form: str) -> None:
        submission = submitted(people, form)
        people.press(people.link_to(ADDRESS, "confirm"))
        mails = len(people.mails_to(ADDRESS))
        people.client.post(f"/f/{form}/resend", data={"submission": submission["id"]})
        assert len(people.mails_to(ADDRESS)) == mails

    def test_by_the_button_on_the_thank_you_page(self, people: People, form: str) -> None:
        response = people.client.post(f"/f/{form}", data=ANN, headers=BROWSER)
        page = people.client.get(response.location)
        assert "Please confirm" in page.text
        assert f'action="/f/{form}/resend"' in page.text

    def test_an_unknown_submission_gets_the_same_answer(self, people: People, form: str) -> None:
        submission = submitted(people, form)
        known = people.client.post(f"/f/{form}/resend", data={"submission": submission["id"]})
        unknown = people.client.post(f"/f/{form}/resend", data={"submission": str(uuid.uuid4())})
        assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


class TestTheAnswer:
    def test_spam_looks_the_same_and_gets_no_mail(self, people: People, form: str) -> None:
        submission = submitted(people, form, _gotcha="x")
        assert submission["status"] == "unconfirmed"
        assert status(people, submission) == "spam"
        assert people.mails_to(ADDRESS) == []

    def test_a_repeated_one_has_the_same_answer_and_mail(self, people: People, form: str) -> None:
        key = {"Idempotency-Key": "k", "Accept": "application/json"}
        answers = [people.client.post(f"/f/{form}", json=ANN, headers=key).json for _ in range(2)]
        answers.append(people.client.post(f"/f/{form}", json=ANN).json)
        assert answers[0] == answers[1] == answers[2]
        assert len(people.mails_to(ADDRESS)) == 1

    def test_without_an_address_it_is_a_422_on_the_field(
        self, people: People, owner: dict[str, str], app_on_each_db: Flask
    ) -> None:
        fields = [{"name": "mail", "type": "email"}, {"name": "a", "type": "text"}]
        form_id = make_form(app_on_each_db, OWNER, fields, double_opt_in=OPT_IN)
        response = people.client.post(f"/f/{form_id}", json={"a": "x"})
        assert (response.status_code, response.json["codes"]) == (422, {"mail": ["required"]})

    def test_other_forms_say_no_status(self, people: People, make_contact: MakeContact) -> None:
        assert submitted(people, make_contact()).keys() == {"id", "reference"}


class TestForTheOwner:
    @pytest.mark.parametrize("to", ["inbox", "archived"])
    def test_nobody_confirms_for_the_person(self, people: People, form: str, owner: dict[str, str], to: str) -> None:
        submission = submitted(people, form)
        path = f"/api/submissions/{submission['id']}"
        bulk = {"ids": [submission["id"]], "status": to}
        for _ in range(2):
            response = people.client.patch(path, json={"status": to}, headers=owner)
            assert (response.status_code, response.json["codes"]) == (422, {"status": ["unconfirmed"]})
            response = people.client.post(f"/api/forms/{form}/submissions/bulk", json=bulk, headers=owner)
            assert response.status_code == 422
            assert people.client.patch(path, json={"status": "spam"}, headers=owner).status_code == 200

    def test_what_the_owner_made_spam_stays_it(self, people: People, form: str, owner: dict[str, str]) -> None:
        submission = submitted(people, form)
        link = people.link_to(ADDRESS, "confirm")
        people.client.patch(f"/api/submissions/{submission['id']}", json={"status": "spam"}, headers=owner)
        assert people.press(link).status_code == 200
        assert status(people, submission) == "spam"
        assert people.mails_to(OWNER) == []

    def test_the_list_leaves_it_out_and_says_so(self, people: People, form: str, owner: dict[str, str]) -> None:
        submitted(people, form)
        response = people.client.get(f"/api/forms/{form}/submissions", headers=owner)
        assert (response.json["data"], response.json["meta"]["left_out"]) == ([], {"unconfirmed": 1})

    def test_it_takes_a_place_of_max_submissions(self, people: People, make_contact: MakeContact) -> None:
        form_id = make_contact(double_opt_in=OPT_IN, max_submissions=1)
        submitted(people, form_id)
        assert people.client.post(f"/f/{form_id}", json=ANN | {"age": 9}).status_code == 403


def test_a_proof_is_kept_per_submission(people: People, form: str) -> None:
    submission = submitted(people, form)
    with people.app.app_context():
        row = db.session.scalars(select(OptIn)).one()
        assert (str(row.id), row.mails, row.confirmed_at) == (submission["id"], 1, None)
