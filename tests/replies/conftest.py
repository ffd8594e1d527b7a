"""A service on each database that sends to a mail server."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from forms_service.database.types import now
from forms_service.replies import caps, opt_in, service
from tests.conftest import KeyOf, MakeApp
from tests.support.delivery_clock import movable_clock
from tests.support.mail_server import MailServer
from tests.support.people import People
from tests.support.puzzles import easy  # noqa: F401 (a fixture)
from tests.support.stored import make_form
from tests.support.visitors import CONTACT

MakeContact = Callable[..., str]


@pytest.fixture
def app_on_each_db(make_app_on_each_db: MakeApp, mail_server: MailServer) -> Flask:
    values = {"BACKGROUND_WORK": "outside", "MAIL_FROM": "forms@service.example", "RATE_LIMIT_ENABLED": "false"}
    return make_app_on_each_db(**mail_server.settings, **values, PUBLIC_URL="https://forms.example.com")


@pytest.fixture
def owner(app_on_each_db: Flask, key_of: KeyOf) -> dict[str, str]:
    """Headers of the owner."""
    return key_of(app_on_each_db)


@pytest.fixture
def make_contact(app_on_each_db: Flask, owner: dict[str, str]) -> MakeContact:
    """A contact form of the owner: `make_contact(reply=…)`."""
    return lambda **settings: make_form(app_on_each_db, "owner@example.com", list(CONTACT), **settings)


@pytest.fixture
def people(app_on_each_db: Flask, mail_server: MailServer) -> People:
    return People(app_on_each_db, mail_server)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Moves the clock of mails to people: `clock(days=7)`."""
    ahead = timedelta()
    move_outbox = movable_clock(monkeypatch)

    def later() -> datetime:
        return now() + ahead

    def move(**by: float) -> None:
        nonlocal ahead
        ahead += timedelta(**by)
        move_outbox(**by)

    for module in (caps, opt_in, service):
        monkeypatch.setattr(module, "now", later)
    return move
