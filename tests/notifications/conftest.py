"""Fixtures of notifications: an app whose mails are files, and recipients with other options."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from forms_service.notifications import submission_mail
from forms_service.notifications.mail_options import MailOptions
from tests.conftest import KeyOf, MakeApp
from tests.support.mail_server import MailServer
from tests.support.owners import form, owner  # noqa: F401 (fixtures)
from tests.support.recipients import Recipients
from tests.support.stored import make_form

Choose = Callable[..., None]


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    return make_app(
        BACKGROUND_WORK="outside", MAIL_FROM="forms@service.example", PUBLIC_URL="https://site.example/forms"
    )


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Choose:
    """What the recipient has chosen: `choose(content="none")`."""

    def choose(**options: Any) -> None:
        monkeypatch.setattr(submission_mail, "options_of", lambda _: MailOptions(**options))

    return choose


@pytest.fixture
def mail_app_on_each_db(make_app_on_each_db: MakeApp, mail_server: MailServer) -> Flask:
    """A service on each database that sends to `mail_server`."""
    return make_app_on_each_db(
        **mail_server.settings, BACKGROUND_WORK="outside", PUBLIC_URL="https://forms.example.com"
    )


@pytest.fixture
def recipients(mail_app_on_each_db: Flask, mail_server: MailServer, key_of: KeyOf) -> Recipients:
    """Those of a form, as its owner manages them."""
    headers = key_of(mail_app_on_each_db)
    return Recipients(mail_app_on_each_db, headers, make_form(mail_app_on_each_db), mail_server)
