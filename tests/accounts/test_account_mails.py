"""The texts of the mails that accounts get."""

import re

import pytest
from flask import Flask
from jinja2 import StrictUndefined
from sqlalchemy import select

from forms_service.accounts import emails
from forms_service.accounts.models import Account
from forms_service.database.transactions import write_session
from forms_service.delivery import worker
from forms_service.delivery.models import Message
from forms_service.extensions import db
from tests.support.accounts import Member
from tests.support.servers import ROOT

KINDS = (
    "confirm",
    "already_registered",
    "reset",
    "password_changed",
    "password_reset",
    "new_address",
    "address_changing",
    "address_changed",
    "new_key",
)
LINK = "https://forms.example.com/reset?token=x"


@pytest.mark.parametrize("kind", KINDS)
def test_the_link_is_on_its_own_line(app: Flask, kind: str) -> None:
    mails = app.jinja_env.overlay(undefined=StrictUndefined)
    values = {"app_name": "Forms & more", "link": LINK, "name": "<b>http://evil.example"}
    subject, text, html = (
        mails.get_template(f"mails/{kind}/{part}").render(values) for part in ("subject.txt", "text.txt", "html.html")
    )
    assert subject.count("\n") <= 1
    assert "Forms & more" in subject + text
    assert "Forms &amp; more" in html
    assert "<b>http" not in html
    urls = re.findall(r"https?://\S+", text)
    if kind != "address_changed":
        assert urls[0] == LINK
        assert LINK in text.splitlines()
        assert f'href="{LINK}"' in html


def test_every_account_mail_is_listed() -> None:
    source = (ROOT / "forms_service/accounts/emails.py").read_text()
    assert set(re.findall(r'_enqueue(?:_link)?\("(\w+)"', source)) == set(KINDS)


def test_every_account_mail_renders_from_its_outbox_row(app: Flask) -> None:
    Member(app, "olga@example.com", role="owner")
    with app.app_context():
        with write_session():
            olga = db.session.scalars(select(Account)).one()
            for put in (
                emails.send_confirmation,
                emails.send_already_registered,
                emails.send_reset_link,
                emails.send_password_changed,
                emails.send_password_reset,
            ):
                put(olga)
            emails.send_new_address_link(olga, "new@example.com")
            emails.send_address_changing(olga)
            emails.send_address_changed(olga, "old@example.com")
            emails.send_new_key(olga, "my site")
            db.session.commit()
        worker.deliver_due()
        kinds = db.session.execute(select(Message.kind).where(Message.state == "sent")).scalars()
        assert set(kinds) == set(KINDS)
