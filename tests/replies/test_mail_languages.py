"""Mails to people are in the language they used, with the owner's texts in it."""

from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask

from tests.replies.conftest import MakeContact
from tests.support.mails import html_of
from tests.support.people import OPT_IN, REPLY, People, text_of
from tests.support.translations import TRANSLATED, left_in_english, words_of
from tests.support.visitors import ANN, control_of

pytestmark = pytest.mark.usefixtures("easy")

ADDRESS = ANN["email"]
GERMAN: dict[str, Any] = {
    "name": "Kontakt",
    "labels": {"message": "Nachricht"},
    "choices": {"topics": {"sales": "Verkauf"}},
    "reply": {"subject": "Angekommen ({reference})", "text": "Guten Tag {name}! {topics} {form}"},
    "double_opt_in": {"subject": "Bitte bestätigen: {form}", "text": "Bitte öffnen: {link}"},
}


def submit(people: People, form: str, language: str, **more: Any) -> None:
    answer = people.client.post(f"/f/{form}", json={**ANN, **more}, headers={"Accept-Language": language})
    assert answer.status_code == 200


def check(mail: EmailMessage, language: str) -> None:
    assert f'<html lang="{language}">' in html_of(mail)
    for words in (words_of(html_of(mail)), text_of(mail), str(mail["Subject"])):
        assert left_in_english(words, language) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_from_the_request_to_the_reply(people: People, make_contact: MakeContact, language: str) -> None:
    opt_in = {"subject": "1", "text": "{link}"}
    labels = {"labels": {"name": "1", "email": "2", "message": "3"}}
    reply = {"subject": "2", "text": "3", "copy": True}
    form = make_contact(double_opt_in=opt_in, reply=reply, languages={language: labels})
    submit(people, form, language)
    check(people.one_mail_to(ADDRESS), language)
    link = people.link_to(ADDRESS, "confirm")
    assert link.endswith(f"&_language={language}")
    page = people.client.get(link, headers={"Accept": "text/html"})
    assert page.headers["Content-Language"] == language
    assert left_in_english(words_of(page.text), language) == []
    answer = people.client.post(
        link, data={"token": link.split("token=")[1].split("&")[0]}, headers={"Accept": "text/html"}
    )
    assert left_in_english(words_of(answer.text), language) == []
    check(people.mails_to(ADDRESS)[-1], language)
    link = people.link_to(ADDRESS, "withdraw")
    assert left_in_english(words_of(people.client.get(link).text), language) == []


def test_the_owners_texts_are_those_of_the_language(people: People, make_contact: MakeContact) -> None:
    form = make_contact(reply={**REPLY, "copy": True}, double_opt_in=OPT_IN, languages={"default": "en", "de": GERMAN})
    submit(people, form, "de", topics=["sales"])
    mail = people.one_mail_to(ADDRESS)
    assert (mail["Subject"], "Bitte öffnen: https://" in text_of(mail)) == ("Bitte bestätigen: Kontakt", True)
    assert str(mail["From"]).startswith("Kontakt ")
    people.press(people.link_to(ADDRESS, "confirm").partition("&")[0])
    mail = people.mails_to(ADDRESS)[-1]
    assert mail["Subject"].startswith("Angekommen (")
    assert "Guten Tag Ann! Verkauf Kontakt" in text_of(mail)
    assert "Nachricht:\n  Hello" in text_of(mail)


def test_english_leaves_no_trace(people: People, app_on_each_db: Flask, make_contact: MakeContact) -> None:
    form = make_contact(reply=REPLY)
    submit(people, form, "en")
    assert control_of(app_on_each_db, form) == {}
    assert '<html lang="en">' in html_of(people.one_mail_to(ADDRESS))


def test_the_language_is_stored_only_where_a_mail_needs_it(
    people: People, app_on_each_db: Flask, make_contact: MakeContact
) -> None:
    without, with_reply = make_contact(), make_contact(reply=REPLY)
    for form in (without, with_reply):
        submit(people, form, "de")
    assert control_of(app_on_each_db, without) == {}
    assert control_of(app_on_each_db, with_reply) == {"_language": "de"}


def test_pages_of_every_state(people: People, make_contact: MakeContact) -> None:
    language = "de"
    form, headers = make_contact(double_opt_in={"subject": "1", "text": "{link}"}), {"Accept-Language": language}
    submit(people, form, language)
    confirm = people.link_to(ADDRESS, "confirm")
    token = confirm.split("token=")[1].split("&")[0]
    pages = [("GET", "confirm", token), ("GET", "withdraw", token), ("GET", "confirm", "x"), ("GET", "withdraw", "x")]
    pages += [("POST", "confirm", token), ("POST", "confirm", token), ("GET", "withdraw", token)]
    pages += [("POST", "withdraw", token), ("POST", "withdraw", token), ("POST", "confirm", token)]
    for method, page, key in pages:
        options: dict[str, Any] = {"data": {"token": key}} if method == "POST" else {"query_string": {"token": key}}
        answer = people.client.open(
            f"/f/{form}/{page}", method=method, headers={**headers, "Accept": "text/html"}, **options
        )
        assert answer.headers["Content-Language"] == language
        assert left_in_english(words_of(answer.text), language) == []
    refused = people.client.post(f"/f/{form}/confirm", json={"token": "x"}, headers=headers)
    assert refused.json["errors"]["token"].startswith("Dieser Link ist ungültig")
