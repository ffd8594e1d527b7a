"""Fixtures of the tests of intake."""

import pytest
from flask import Flask

from tests.support.visitors import CONTACT, form_for


@pytest.fixture
def form(app_on_each_db: Flask) -> str:
    return form_for(app_on_each_db, CONTACT)


@pytest.fixture
def anything(app: Flask) -> str:
    return form_for(app)
