"""Queries of the list of forms."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import KeyOf


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=WyIxIiwgIjIiXQ", "limit=0", "limit=101", "limit=x", "page=2", "limit=1&limit=2"]
)
def test_an_invalid_query_is_reported(client: FlaskClient, app: Flask, key_of: KeyOf, query: str) -> None:
    response = client.get(f"/api/forms?{query}", headers=key_of(app))
    assert (response.status_code, list(response.json["codes"])) == (422, [query.split("=", maxsplit=1)[0]])
