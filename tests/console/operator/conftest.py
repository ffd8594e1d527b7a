"""An operator at a browser, beside an owner."""

import pytest
from flask import Flask

from tests.conftest import KeyOf
from tests.support.console import Visitor

OPERATOR = "operator@example.com"


@pytest.fixture
def operator(app_on_each_db: Flask, owner: dict[str, str], key_of: KeyOf) -> Visitor:
    """The operator, signed in."""
    key_of(app_on_each_db, OPERATOR, role="operator")
    visitor = Visitor(app_on_each_db)
    assert visitor.sign_in(OPERATOR).status_code == 303
    return visitor
