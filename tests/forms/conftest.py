"""Fixtures of the tests of forms."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.owners import owner, shared_owner  # noqa: F401 (fixtures)

MakeForm = Callable[..., str]


@pytest.fixture
def form_of(shared_client: FlaskClient, shared_owner: dict[str, str]) -> MakeForm:  # noqa: F811 (the fixture)
    def make(**body: Any) -> str:
        response = shared_client.post("/api/forms", json={"name": "Summer <party>", **body}, headers=shared_owner)
        return str(response.json["data"]["id"])

    return make
