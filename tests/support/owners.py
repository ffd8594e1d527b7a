"""An owner and a form of theirs on each database, as fixtures; a conftest imports those that its folder uses."""

import pytest
from flask import Flask

from tests.conftest import KeyOf
from tests.support.api_keys import make_key
from tests.support.stored import make_form


@pytest.fixture
def owner(app_on_each_db: Flask, key_of: KeyOf) -> dict[str, str]:
    """Headers of the owner."""
    return key_of(app_on_each_db)


@pytest.fixture
def form(app_on_each_db: Flask, owner: dict[str, str]) -> str:
    """A form of the owner."""
    return make_form(app_on_each_db)


@pytest.fixture(scope="module")
def shared_owner(shared_app: Flask) -> dict[str, str]:
    """Headers of the owner in `shared_app`."""
    return make_key(shared_app)
