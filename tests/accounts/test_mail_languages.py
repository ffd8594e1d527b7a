"""Mails about accounts are in the language of the request that caused them."""

import uuid
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

import pytest
from flask import Flask

from forms_service.database.types import now
from forms_service.delivery.mail_rendering import render_mail
from forms_service.delivery.message import OutgoingMessage
from tests.conftest import MakeApp
from tests.support.accounts import Member, mails
from tests.support.mails import html_of, text_of
from tests.support.translations import TRANSLATED, left_in_english, words_of

LINK = "https://forms.example.com/x?token=" + "y" * 43
KINDS = (
    *("confirm", "already_registered", "reset", "password_reset", "password_changed"),
    *("new_address", "address_changing", "address_changed", "new_key", "recipient_confirm"),
)
VALUES = {"link": LINK, "name": "K", "form": "F", "owner": "o@example.com", "_unsubscribe": LINK}


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    return make_shared_app(RATE_LIMIT_ENABLED="false", APP_NAME="Dienst")


def rendered(app: Flask, kind: str, language: str) -> EmailMessage:
    values = {**VALUES, "_language": language}
    outgoing = OutgoingMessage(id=uuid.uuid4(), kind=kind, created_at=now(), target="a@example.com", values=values)
    with app.app_context():
        return cast("EmailMessage", message_from_bytes(render_mail(outgoing).content, policy=policy.default))


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_in_each_language(app: Flask, kind: str, language: str) -> None:
    mail = rendered(app, kind, language)
    assert f'<html lang="{language}">' in html_of(mail)
    for words in (words_of(html_of(mail)), text_of(mail), str(mail["Subject"])):
        assert left_in_english(words, language) == []
    assert all(len(line) <= 76 or "https://" in line for line in text_of(mail).splitlines())


def test_english_is_as_ever_afterwards(app: Flask) -> None:
    rendered(app, "confirm", "de")
    assert rendered(app, "confirm", "en")["Subject"] == "Confirm your address for Dienst"


def test_a_mail_has_the_language_of_its_request(app: Flask) -> None:
    member = Member(app)
    for language in ("fr", "it"):
        headers = {"Accept-Language": language}
        member.client.post("/api/password/forgot", json={"email": member.email}, headers=headers)
    french, english = mails(app, "reset")
    assert french["_language"] == "fr"
    assert "_language" not in english
