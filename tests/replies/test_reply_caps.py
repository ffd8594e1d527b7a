"""Automatic replies are no relay for spammers."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from forms_service.database.types import new_id, now
from forms_service.delivery.message import SuppressedError
from forms_service.delivery.payloads import MessageRef
from forms_service.forms.cache import get_published_form
from forms_service.replies import caps
from forms_service.replies.models import REPLY as REPLY_KIND
from forms_service.replies.models import ReplySwitch, SentReply
from tests.conftest import MakeApp
from tests.replies.conftest import MakeContact
from tests.support.mail_server import MailServer
from tests.support.people import OPT_IN, REPLY, People, text_of
from tests.support.stored import count
from tests.support.visitors import ANN

ADDRESS, OWNER = ANN["email"], "owner@example.com"
SETTINGS = {"BACKGROUND_WORK": "outside", "MAIL_FROM": "forms@service.example", "RATE_LIMIT_ENABLED": "false"}


def strangers(people: People, form_id: str, count: int, start: int = 0) -> None:
    for number in range(start, start + count):
        people.submit(form_id, name="Ann", email=f"stranger{number}@example.com", message=str(number))


def replies(people: People) -> list[str]:
    people.deliver()
    return [mail["To"] for mail in people.server.received if mail["To"].startswith("stranger")]


def problem(people: People, form_id: str, owner: dict[str, str]) -> Any:
    return people.client.get(f"/api/forms/{form_id}", headers=owner).json["data"]["reply_problem"]


class TestOfAnAddress:
    def test_a_form_answers_it_once_a_day(self, people: People, make_contact: MakeContact, clock: Any) -> None:
        form_id = make_contact(reply=REPLY)
        people.submit(form_id, **ANN)
        people.submit(form_id, **ANN | {"message": "again"})
        assert len(people.mails_to(ADDRESS)) == 1
        clock(days=1, seconds=1)
        people.submit(form_id, **ANN | {"message": "next day"})
        assert len(people.mails_to(ADDRESS)) == 2

    def test_all_forms_together_answer_it_three_times_a_day(self, people: People, make_contact: MakeContact) -> None:
        for _ in range(4):
            people.submit(make_contact(reply=REPLY), **ANN)
        assert len(people.mails_to(ADDRESS)) == 3

    def test_tags_and_dots_of_gmail_make_no_other_person(self, people: People, make_contact: MakeContact) -> None:
        form_id = make_contact(reply=REPLY)
        for address in ("ann.lee@gmail.com", "annlee+1@gmail.com", "Ann.L.ee@googlemail.com"):
            people.submit(form_id, **ANN | {"email": address})
        people.deliver()
        assert len([mail for mail in people.server.received if "mail.com" in mail["To"]]) == 1

    def test_erasing_the_form_does_not_free_it(
        self, people: People, make_contact: MakeContact, owner: dict[str, str]
    ) -> None:
        for _ in range(4):
            form_id = make_contact(reply=REPLY)
            people.submit(form_id, **ANN)
            people.deliver()
            assert people.client.delete(f"/api/forms/{form_id}", headers=owner).status_code == 200
        assert len(people.mails_to(ADDRESS)) == 3

    def test_a_retry_is_not_counted(self, people: People, make_contact: MakeContact, clock: Any) -> None:
        people.server.at_rcpt = lambda address: "451 later" if address == ADDRESS else None
        people.submit(make_contact(reply=REPLY), **ANN)
        assert people.mails_to(ADDRESS) == []
        people.server.at_rcpt = lambda _: None
        clock(minutes=1)
        assert len(people.mails_to(ADDRESS)) == 1

    def test_an_owner_cannot_have_it_sent_twice(
        self, people: People, make_contact: MakeContact, owner: dict[str, str]
    ) -> None:
        form_id = make_contact(reply=REPLY)
        people.submit(form_id, **ANN)
        people.deliver()
        deliveries = people.client.get(f"/api/forms/{form_id}/deliveries", headers=owner).json["data"]
        (reply,) = [delivery for delivery in deliveries if delivery["kind"] == REPLY_KIND]
        answer = people.client.post(f"/api/deliveries/{reply['id']}/retry", headers=owner)
        assert (answer.status_code, len(people.mails_to(ADDRESS))) == (409, 1)


class TestOfAForm:
    @pytest.fixture
    def people(self, make_app_on_each_db: MakeApp, mail_server: MailServer) -> People:
        return People(
            make_app_on_each_db(**mail_server.settings, **SETTINGS, REPLY_RATE_LIMITS="5/3600,3/86400,9/86400"),
            mail_server,
        )

    @pytest.fixture
    def app_on_each_db(self, people: People) -> Flask:
        return people.app

    def test_a_surge_switches_its_replies_off_and_tells_the_owner_once(
        self, people: People, make_contact: MakeContact, owner: dict[str, str]
    ) -> None:
        form_id = make_contact(reply=REPLY)
        strangers(people, form_id, 5)
        assert (len(replies(people)), problem(people, form_id, owner)) == (5, None)
        strangers(people, form_id, 5, start=5)
        assert len(replies(people)) == 5
        assert "have been off since" in problem(people, form_id, owner)
        people.deliver()
        (mail,) = [mail for mail in people.mails_to(OWNER) if "replies of" in mail["Subject"]]
        assert mail["Subject"] == "Automatic replies of Contact are off"
        assert "more than 5 people" in text_of(mail)

    def test_they_stay_off_until_the_owner_saves_them_again(
        self, people: People, make_contact: MakeContact, owner: dict[str, str], clock: Any
    ) -> None:
        form_id = make_contact(reply=REPLY)
        strangers(people, form_id, 6)
        replies(people)
        clock(hours=2)
        people.client.patch(
            f"/api/forms/{form_id}", json={"name": "Other", "settings": {"closed": False}}, headers=owner
        )
        strangers(people, form_id, 1, start=10)
        assert len(replies(people)) == 5
        people.client.patch(f"/api/forms/{form_id}", json={"settings": {"reply": REPLY}}, headers=owner)
        strangers(people, form_id, 1, start=11)
        assert len(replies(people)) == 6
        assert problem(people, form_id, owner) is None

    def test_owners_hear_that_people_cannot_confirm(self, people: People, make_contact: MakeContact) -> None:
        form_id = make_contact(double_opt_in=OPT_IN)
        strangers(people, form_id, 8)
        assert len(replies(people)) == 5
        (mail,) = people.mails_to(OWNER)
        assert mail["Subject"] == "People cannot confirm: Contact has reached its limit of mails"
        assert "its limit of 5 such mails" in text_of(mail)

    def test_all_forms_together_have_a_limit(self, people: People, make_contact: MakeContact) -> None:
        for number in range(4):
            strangers(people, make_contact(reply=REPLY), 4, start=4 * number)
        assert len(replies(people)) == 9

    def test_what_is_counted_goes_after_the_longest_limit(
        self, people: People, make_contact: MakeContact, clock: Any
    ) -> None:
        strangers(people, make_contact(reply=REPLY), 2)
        replies(people)
        with people.app.app_context():
            caps.sweep()
        assert count(people.app, SentReply) == [2]
        clock(days=1, seconds=1)
        with people.app.app_context():
            caps.sweep()
        assert count(people.app, SentReply) == [0]

    def test_the_switch_goes_with_the_form(
        self, people: People, make_contact: MakeContact, owner: dict[str, str]
    ) -> None:
        form_id = make_contact(reply=REPLY)
        strangers(people, form_id, 6)
        replies(people)
        people.client.delete(f"/api/forms/{form_id}", headers=owner)
        assert count(people.app, ReplySwitch) == [0]

    def test_workers_at_once_count_exactly(self, people: People, make_contact: MakeContact) -> None:
        form_id = make_contact(reply=REPLY)

        def admit(number: int) -> bool:
            with people.app.app_context():
                message = MessageRef(new_id(), REPLY_KIND, None, None, now())
                try:
                    caps.admit(message, get_published_form(form_id), f"stranger{number}@example.com")
                except SuppressedError:
                    return False
                return True

        with ThreadPoolExecutor(8) as workers:
            assert sum(workers.map(admit, range(24))) == 5


@pytest.mark.slow
def test_two_hundred_strangers_through_ten_forms(
    make_app_on_each_db: MakeApp, mail_server: MailServer, key_of: Any
) -> None:
    limits = {"REPLY_RATE_LIMITS": "15/3600,3/86400,120/86400"}
    people = People(make_app_on_each_db(**mail_server.settings, **SETTINGS, **limits), mail_server)
    key = key_of(people.app)
    fields = [{"name": "email", "type": "email"}]
    body = {"name": "Contact", "fields": fields, "settings": {"reply": {"subject": "Hi", "text": "Hi"}}}
    forms = [people.client.post("/api/forms", json=body, headers=key).json["data"]["id"] for _ in range(10)]
    for number in range(200):
        people.submit(forms[number % 10], email=f"stranger{number}@example{number % 7}.com")
    answered = Counter(replies(people))
    assert len(answered) == 120
    assert set(answered.values()) == {1}
