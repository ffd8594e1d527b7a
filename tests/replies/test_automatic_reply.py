"""The automatic reply to the person who submitted."""

from collections.abc import Callable

import pytest
from flask import Flask

from forms_service.delivery import outbox, suppressions
from tests.replies.conftest import MakeContact
from tests.support.people import REPLY, People, text_of
from tests.support.puzzles import solved
from tests.support.stored import make_form
from tests.support.visitors import ANN

ADDRESS = ANN["email"]
pytestmark = pytest.mark.usefixtures("easy")

EVIL = "Visit https://evil.example or www.evil.example"


def test_the_person_gets_the_owners_words(people: People, make_contact: MakeContact) -> None:
    response = people.submit(make_contact(reply=REPLY), **ANN)
    mail = people.one_mail_to(ADDRESS)
    assert mail["Subject"] == f"We got it ({response.json['data']['reference']})"
    assert text_of(mail) == "Hello,\nwe answer soon. Contact\n"


def test_it_is_marked_as_automatic(people: People, make_contact: MakeContact) -> None:
    people.submit(make_contact(reply=REPLY), **ANN)
    mail = people.one_mail_to(ADDRESS)
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert mail["Reply-To"] is None
    (sender,) = [envelope.mail_from for envelope in people.server.envelopes if envelope.rcpt_tos == [ADDRESS]]
    assert sender == "<>"


def test_its_attempts_are_kept_as_long_as_those_of_other_mails_about_submissions(
    people: People, make_contact: MakeContact, owner: dict[str, str], clock: Callable[..., None]
) -> None:
    form_id = make_contact(reply=REPLY)
    people.submit(form_id, **ANN)
    people.deliver()
    for days, kinds in ((29, {"submission", "reply"}), (2, set())):
        clock(days=days)
        with people.app.app_context():
            outbox.sweep()
        deliveries = people.client.get(f"/api/forms/{form_id}/deliveries", headers=owner).json["data"]
        assert {delivery["kind"] for delivery in deliveries if delivery["attempts"]} == kinds


def test_it_comes_from_the_form_and_shows_no_address_of_the_owner(people: People, make_contact: MakeContact) -> None:
    people.submit(make_contact(reply=REPLY), **ANN)
    mail = people.one_mail_to(ADDRESS)
    assert mail["From"] == "Contact <forms@service.example>"
    assert "owner@example.com" not in mail.as_string()


@pytest.mark.parametrize("name", ['"\\, <x@evil.example>', "=?utf-8?q?a=0D=0ABcc:_x?=", "Größe @ 例"])
def test_a_forms_name_is_no_header(people: People, owner: dict[str, str], app_on_each_db: Flask, name: str) -> None:
    form_id = make_form(app_on_each_db, "owner@example.com", [], reply=REPLY)
    people.client.patch(f"/api/forms/{form_id}", json={"name": name}, headers=owner)
    people.submit(form_id, email=ADDRESS)
    (sender,) = people.one_mail_to(ADDRESS)["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, "forms@service.example")


def test_no_form_without_it_replies(people: People, make_contact: MakeContact) -> None:
    people.submit(make_contact(), **ANN)
    assert people.mails_to(ADDRESS) == []


@pytest.mark.parametrize(
    "address",
    [
        "postmaster@example.com",
        "noreply@example.com",
        "No-Reply@example.com",
        "mailer-daemon@example.com",
        "abuse@example.com",
        "bounces+12@example.com",
        "owner-list@example.com",
        "list-request@example.com",
        "forms@service.example",
        "forms+1@service.example",
    ],
)
def test_no_program_is_answered(people: People, make_contact: MakeContact, address: str) -> None:
    people.submit(make_contact(reply=REPLY), **ANN | {"email": address})
    assert people.mails_to(address) == []


def test_spam_is_not_answered(people: People, make_contact: MakeContact) -> None:
    people.submit(make_contact(reply=REPLY), **ANN, _gotcha="x")
    assert people.mails_to(ADDRESS) == []


def test_what_became_spam_is_not_answered(people: People, make_contact: MakeContact, owner: dict[str, str]) -> None:
    response = people.submit(make_contact(reply=REPLY), **ANN)
    path = f"/api/submissions/{response.json['data']['id']}"
    assert people.client.patch(path, json={"status": "spam"}, headers=owner).status_code == 200
    assert people.mails_to(ADDRESS) == []


@pytest.mark.parametrize("reason", ["bounce", "complaint", "unsubscribe", "operator"])
def test_a_suppressed_address_is_not_answered(
    app_on_each_db: Flask, people: People, make_contact: MakeContact, reason: str
) -> None:
    with app_on_each_db.app_context():
        suppressions.suppress(ADDRESS, reason)
    people.submit(make_contact(reply=REPLY), **ANN)
    assert people.mails_to(ADDRESS) == []


def test_it_is_not_sent_if_the_owner_switched_it_off_meanwhile(
    people: People, make_contact: MakeContact, owner: dict[str, str]
) -> None:
    form_id = make_contact(reply=REPLY)
    people.submit(form_id, **ANN)
    people.client.patch(f"/api/forms/{form_id}", json={"settings": {"reply": None}}, headers=owner)
    assert people.mails_to(ADDRESS) == []


class TestWhatAVisitorTyped:
    def test_it_is_left_out_without_a_challenge(self, people: People, make_contact: MakeContact) -> None:
        people.submit(make_contact(reply={**REPLY, "copy": True}), **ANN | {"name": EVIL, "message": EVIL})
        mail = people.one_mail_to(ADDRESS)
        assert "evil" not in mail.as_string()

    def test_it_is_quoted_after_a_challenge_with_links_made_harmless(
        self, app_on_each_db: Flask, people: People, make_contact: MakeContact
    ) -> None:
        reply = {"subject": "Hello {name}", "text": "Hello {name}", "copy": True}
        form_id = make_contact(reply=reply, challenge="altcha")
        people.submit(form_id, **ANN | {"message": EVIL}, altcha=solved(app_on_each_db, form_id))
        mail = people.one_mail_to(ADDRESS)
        assert mail["Subject"] == "Hello Ann"
        text = text_of(mail)
        assert text.startswith("Hello Ann\n")
        assert "Message:\n  Visit https[:]//evil[.]example or www[.]evil[.]example\n" in text
        assert f"E-mail:\n  {ADDRESS}\n" in text

    def test_what_came_out_of_spam_is_not_quoted(
        self, app_on_each_db: Flask, people: People, make_contact: MakeContact, owner: dict[str, str], clock: object
    ) -> None:
        form_id = make_contact(reply=REPLY, challenge="altcha")
        response = people.submit(form_id, **ANN, altcha=solved(app_on_each_db, form_id), _gotcha="x")
        clock(minutes=1)  # type: ignore[operator]
        path = f"/api/submissions/{response.json['data']['id']}"
        assert people.client.patch(path, json={"status": "inbox"}, headers=owner).status_code == 200
        assert text_of(people.one_mail_to(ADDRESS)).startswith("Hello,")

    def test_nothing_of_it_is_a_template(self, app_on_each_db: Flask, people: People, owner: dict[str, str]) -> None:
        reply = {"subject": "Re", "text": "{a}|{b}"}
        form_id = make_form(app_on_each_db, "owner@example.com", [], reply=reply, challenge="altcha")
        data = {"email": ADDRESS, "a": "{b} {{7*7}} {form}", "b": "{{ app_name }}"}
        people.submit(form_id, **data, altcha=solved(app_on_each_db, form_id))
        assert text_of(people.one_mail_to(ADDRESS)) == "{b} {{7*7}} {form}|{{ app_name }}\n"
