"""Fixtures of the console: an owner on each database who has a form, at a browser."""

import pytest
from flask import Flask

from tests.support.console import Visitor
from tests.support.owners import form, owner  # noqa: F401 (fixtures)


@pytest.fixture
def visitor(app_on_each_db: Flask, owner: dict[str, str]) -> Visitor:  # noqa: F811 (the fixture)
    """The owner, not signed in yet."""
    return Visitor(app_on_each_db)


@pytest.fixture
def signed_in(visitor: Visitor) -> Visitor:
    """The owner, signed in."""
    assert visitor.sign_in().status_code == 303
    return visitor
