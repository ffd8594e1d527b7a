"""Fixtures of notifications: an app whose mails are files, and recipients with other options."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from forms_service.notifications import submission_mail
from forms_service.notifications.mail_options import MailOptions
from tests.conftest import MakeApp

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
