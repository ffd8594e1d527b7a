"""An owner's endpoint and webhooks on each database, as fixtures; a conftest assigns those that its folder uses."""

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.receiver import Receiver, receiving
from tests.support.webhooks import Hooks


@pytest.fixture
def app_on_each_db(make_app_on_each_db: MakeApp) -> Flask:
    """The service, which may call loopback; nothing is sent before the test says so."""
    return make_app_on_each_db(OUTBOUND_ALLOW="127.0.0.1/32", BACKGROUND_WORK="outside")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """The owner's endpoint."""
    with receiving() as server:
        yield server


@pytest.fixture
def hooks(app_on_each_db: Flask, owner: dict[str, str], form: str, receiver: Receiver) -> Hooks:
    """The owner's form and webhooks."""
    return Hooks(app_on_each_db, owner, form, receiver)
