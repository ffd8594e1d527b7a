"""Fixtures of the tests of forms."""

import pytest
from flask import Flask

from tests.conftest import KeyOf


@pytest.fixture
def owner(app_on_each_db: Flask, key_of: KeyOf) -> dict[str, str]:
    return key_of(app_on_each_db)
