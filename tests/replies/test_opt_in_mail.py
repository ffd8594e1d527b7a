"""The mail that asks a person to confirm."""

import pytest
from flask import Flask

from tests.replies.conftest import MakeContact
from tests.support.people import OPT_IN, People, text_of
from tests.support.puzzles import solved
from tests.support.visitors import ANN

pytestmark = pytest.mark.usefixtures("easy")

ADDRESS = ANN["email"]


@pytest.fixture
def form(make_contact: MakeContact) -> str:
    return make_contact(double_opt_in=OPT_IN)


class TestTheText:
    def test_a_text_without_the_link_gets_it(self, people: People, make_contact: MakeContact) -> None:
        form_id = make_contact(double_opt_in={"subject": "A {reference}", "text": "Hi {name} of {form}."})
        submission = people.submit(form_id, **ANN).json["data"]
        mail = people.one_mail_to(ADDRESS)
        assert mail["Subject"] == f"A {submission['reference']}"
        assert text_of(mail).startswith(f"Hi  of Contact.\n\nhttps://forms.example.com/f/{form_id}/confirm?token=")

    def test_it_quotes_after_a_challenge(
        self, app_on_each_db: Flask, people: People, make_contact: MakeContact
    ) -> None:
        texts = {"subject": "Hi {name}", "text": "{message} {link}"}
        form_id = make_contact(double_opt_in=texts, challenge="altcha")
        data = ANN | {"message": "{link} www.evil.example"}
        people.submit(form_id, **data, altcha=solved(app_on_each_db, form_id))
        mail = people.one_mail_to(ADDRESS)
        assert mail["Subject"] == "Hi Ann"
        assert text_of(mail).startswith("{link} www[.]evil[.]example https://forms.example.com/f/")

    def test_the_owners_changes_do_not_change_what_was_asked(
        self, people: People, form: str, owner: dict[str, str]
    ) -> None:
        people.submit(form, **ANN)
        changes = {"settings": {"double_opt_in": {"subject": "Other"}}}
        people.client.patch(f"/api/forms/{form}", json=changes, headers=owner)
        assert people.one_mail_to(ADDRESS)["Subject"] == "Please confirm"


def test_noreply_and_suppressed_addresses_get_no_mail(people: People, form: str) -> None:
    people.submit(form, **ANN | {"email": "noreply@example.com"})
    assert people.mails_to("noreply@example.com") == []


def test_three_mails_a_day_reach_an_address_over_all_forms(people: People, make_contact: MakeContact) -> None:
    for _ in range(5):
        people.submit(make_contact(double_opt_in=OPT_IN), **ANN)
    assert len(people.mails_to(ADDRESS)) == 3
