"""An owner at the console, with a form and an endpoint; nothing is sent before the test says so."""

import pytest

from tests.support import called_owners

app_on_each_db, receiver, hooks = called_owners.app_on_each_db, called_owners.receiver, called_owners.hooks


@pytest.fixture
def page(form: str) -> str:
    """The list of the form's webhooks."""
    return f"/console/forms/{form}/webhooks"
