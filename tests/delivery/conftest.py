"""Fixtures of delivery."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from forms_service.delivery.mail_transport import MailTransport
from tests.conftest import MakeApp
from tests.support.delivery_clock import movable_clock
from tests.support.mail_server import MailServer
from tests.support.outbox import RecordingTransport


@pytest.fixture
def mail_app(make_app: MakeApp, mail_server: MailServer) -> Flask:
    """An app that sends to `mail_server`."""
    return make_app(**mail_server.settings, PUBLIC_URL="https://forms.example.com")


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> RecordingTransport:
    transport = RecordingTransport()
    monkeypatch.setattr(MailTransport, "send", lambda _, message: transport.send(message))
    return transport


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return movable_clock(monkeypatch)


@pytest.fixture
def each_db_context(app_on_each_db: Flask) -> Any:
    with app_on_each_db.app_context():
        yield app_on_each_db
