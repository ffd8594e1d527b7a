"""A form of Olga's on each database, and who she may share it with."""

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.accounts import Member as Person
from tests.support.mail_server import MailServer
from tests.support.members import OLGA, Team
from tests.support.stored import make_form

SETTINGS = {"BACKGROUND_WORK": "outside", "PUBLIC_URL": "https://forms.example.com"}


@pytest.fixture
def app(make_app_on_each_db: MakeApp, mail_server: MailServer) -> Flask:
    """A service whose mails leave when a test says so."""
    return make_app_on_each_db(**mail_server.settings, **SETTINGS)


@pytest.fixture
def olga(app: Flask) -> Person:
    """The owner."""
    return Person(app, OLGA, role="owner")


@pytest.fixture
def team(app: Flask, olga: Person) -> Team:
    """The members of a form of Olga's: nobody yet."""
    return Team(app, olga, make_form(app, OLGA))
