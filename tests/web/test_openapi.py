"""The description: committed, true, and shown."""

import itertools
import json
import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

import hypothesis
import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from schemathesis.specs.openapi.checks import positive_data_acceptance

from forms_service.app import create_app
from forms_service.config import load_settings
from tests.conftest import QUICK, MakeApp
from tests.support import servers
from tests.support.accounts import Member

COMMITTED = servers.ROOT / "openapi.json"


def test_the_committed_description_is_what_is_served(client: FlaskClient) -> None:
    assert json.loads(COMMITTED.read_text()) == client.get("/api/openapi.json").json, (
        "write it anew: flask openapi write openapi.json"
    )


def test_every_operation_has_a_stable_id_and_a_summary(client: FlaskClient) -> None:
    paths = client.get("/api/openapi.json").json["paths"]
    operations = [operation for path in paths.values() for operation in path.values() if isinstance(operation, dict)]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) >= 5
    assert all(operation["summary"] for operation in operations)


def test_a_public_post_is_described_for_web_forms(client: FlaskClient) -> None:
    content = client.get("/api/openapi.json").json["paths"]["/api/signup"]["post"]["requestBody"]["content"]
    assert set(content) == {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}


def test_the_page_loads_everything_from_here(client: FlaskClient) -> None:
    page = client.get("/api/docs").text
    assert "https://" not in page
    assert "<script>" not in page
    assert page.count('integrity="sha384-') == 3


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The service for thousands of requests."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {**QUICK, "RATE_LIMIT_ENABLED": "false", "LOG_LEVEL": "ERROR"}.items():
            patched.setenv(name, value)
        return create_app(load_settings(tmp_path_factory.mktemp("described")))


QUICK_EXAMPLES = hypothesis.settings(
    max_examples=12, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
"""The same examples in every run; `max_examples=2500, derandomize=False` looks further, by hand."""


PROVING = {"/api/signup/confirm", "/api/password/reset", "/api/me/email/confirm", "/api/signup"}
"""Paths that take a token which nobody guesses, or refuse a password which many guess: no schema describes these."""


def operations(guarded: bool = False) -> list[tuple[str, str]]:
    """Every path and method of the description, or only those that are not for everybody."""
    paths = json.loads(COMMITTED.read_text())["paths"]
    return [
        (path, method.upper())
        for path, methods in paths.items()
        for method, operation in methods.items()
        if method != "parameters" and (not guarded or operation.get("security") == [{"token": []}])
    ]


@cache
def schema_of(app: Flask) -> Any:
    """The description as schemathesis reads it, which takes as long as ten requests."""
    return schemathesis.openapi.from_wsgi("/api/openapi.json", app)


def check(
    described: Flask,
    path: str,
    method: str,
    examples: hypothesis.settings,
    send: Callable[[schemathesis.Case], None],
) -> None:
    """Send valid and invalid requests, each of which asserts that its answer is as described."""
    operation = schema_of(described)[path][method]
    tried = 0

    @given(case=operation.as_strategy() | operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))
    @examples
    def holds(case: schemathesis.Case) -> None:
        nonlocal tried
        tried += 1
        send(case)

    holds()
    assert tried


OF_OWNERS = [
    (path, method)
    for path, method in operations()
    # an erasure is a deleted form's, and a form goes to who has accepted an invitation
    if path.startswith("/api/forms") and not path.endswith(("/erasure", "/transfer"))
]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), OF_OWNERS)
def test_answers_to_an_owner_are_as_described(
    described: Flask, key_of: Callable[..., dict[str, str]], path: str, method: str
) -> None:
    key = key_of(described, f"{uuid.uuid4().hex}@example.com")
    form_id = described.test_client().post("/api/forms", json={"name": "x"}, headers=key).json["data"]["id"]
    statuses: set[int] = set()

    def send(case: schemathesis.Case) -> None:
        if 200 not in statuses:
            there = {"form_id": form_id, "version": 1}
            case.path_parameters |= {name: there[name] for name in case.path_parameters if name in there}
        if path.endswith("/webhooks") and method == "POST" and 201 not in statuses:
            case.body = {"url": "https://93.184.215.14/"}  # no text of a schema's is an address that resolves
        answer = case.call_and_validate(headers=key, excluded_checks=[positive_data_acceptance])
        statuses.add(answer.status_code)  # a schema cannot say which rules fit which type of field

    check(described, path, method, QUICK_EXAMPLES, send)
    assert statuses & {200, 201}


GUARDED = operations(guarded=True)
FEW_EXAMPLES = hypothesis.settings(QUICK_EXAMPLES, max_examples=8)
ANONYMOUS = 5
"""Of these so many are sent by nobody too, who is always refused: to make examples takes longer than to send them."""


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), [one for one in operations() if one not in GUARDED])
def test_answers_are_as_described(described: Flask, path: str, method: str) -> None:
    excluded = [positive_data_acceptance] if path in PROVING else []

    def send(case: schemathesis.Case) -> None:
        case.call_and_validate(excluded_checks=excluded)

    check(described, path, method, QUICK_EXAMPLES, send)


@pytest.mark.slow
@pytest.mark.parametrize(("path", "method"), GUARDED)
def test_answers_to_who_is_signed_in_and_to_nobody_are_as_described(described: Flask, path: str, method: str) -> None:
    person = Member(described, f"{uuid.uuid4().hex}@example.com", role="operator")
    anonymous = itertools.count()

    def send(case: schemathesis.Case) -> None:
        if next(anonymous) < ANONYMOUS:
            assert case.call_and_validate().status_code >= 400
        case.call_and_validate(headers=person.headers, excluded_checks=[positive_data_acceptance])

    check(described, path, method, FEW_EXAMPLES, send)


def test_a_path_in_front_is_described(make_app: MakeApp) -> None:
    client = make_app(PUBLIC_URL="https://site.example/forms").test_client()
    assert client.get("/api/openapi.json").json["servers"] == [{"url": "/forms"}]
