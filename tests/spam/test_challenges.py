"""CAPTCHAs: a good token passes, a bad one is named, and a provider that is away loses nobody's submission."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from forms_service.captchas import CAPTCHAS
from forms_service.extensions import db
from forms_service.form_schema.settings import WITH_PROVIDER_KEYS
from forms_service.spam import captcha_providers
from forms_service.spam.captcha import UNAVAILABLE, check_token
from forms_service.submissions.parsed_submission import ParsedSubmission
from tests.conftest import MakeApp
from tests.support import servers
from tests.support.captcha_provider import (
    CLIENT,
    TURNSTILE,
    Answer,
    Provider,
    drips,
    hangs,
    outcome,
    says,
    submission_with,
)
from tests.support.certificates import Authority
from tests.support.definitions import form_of

REFUSED = {"cf-turnstile-response": ["challenge"]}


def test_a_form_without_one_asks_nobody(asking: Flask, provider: Provider) -> None:
    assert outcome(asking, form=form_of()) is None
    assert provider.requests == []


@pytest.mark.parametrize("kind", WITH_PROVIDER_KEYS)
def test_each_provider_is_asked_in_one_way(asking: Flask, provider: Provider, kind: str) -> None:
    form = form_of(challenge=kind, challenge_site_key="site", challenge_secret="secret")
    field = CAPTCHAS[kind].token_field
    assert outcome(asking, submission_with(**{field: " token "}), form) is None
    assert provider.requests == [{"secret": ["secret"], "response": ["token"], "remoteip": [CLIENT]}]
    provider.answer = says({"success": False, "error-codes": ["invalid-input-response"]})
    assert outcome(asking, submission_with(**{field: "token"}), form) == {field: ["challenge"]}


@pytest.mark.parametrize(
    "incoming",
    [submission_with(), submission_with(cf_turnstile_response=" "), submission_with(h_captcha_response="token")],
)
def test_a_missing_token_is_named_and_nobody_is_asked(
    asking: Flask, provider: Provider, incoming: ParsedSubmission
) -> None:
    assert outcome(asking, incoming) == {"cf-turnstile-response": ["required"]}
    assert outcome(asking, submission_with(cf_turnstile_response="x" * 9000)) == REFUSED
    assert provider.requests == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (says({"success": True}), None),
        (says({"success": True, "score": 0.9, "action": "submit"}), None),
        (says({"success": True, "score": 0.1, "action": "submit"}), REFUSED),
        (says({"success": True, "score": 0.1}), None),
        (says({"success": True, "score": float("nan"), "action": "submit"}), REFUSED),
        (says({"success": False}), REFUSED),
        (says({"success": False, "error-codes": []}), REFUSED),
        (says({"success": False, "error-codes": ["timeout-or-duplicate"]}), REFUSED),
        (says({"success": False, "error-codes": "invalid-input-response"}), REFUSED),
        (says({"success": False, "error-codes": ["invalid-input-secret"]}), UNAVAILABLE),
        (says({"success": False, "error-codes": ["internal-error", 5]}), UNAVAILABLE),
        (says({"success": True}, 500), UNAVAILABLE),
        (says({"success": True}, 404), UNAVAILABLE),
        (says({"success": True}, 302, Location="/elsewhere"), UNAVAILABLE),
        (says({"success": True}, 307, Location="/elsewhere"), UNAVAILABLE),
        (says({"success": "true"}), UNAVAILABLE),
        (says({"success": 1}), UNAVAILABLE),
        (says({}), UNAVAILABLE),
        (says([]), UNAVAILABLE),
        (says(b"<html>We are away"), UNAVAILABLE),
        (says(b""), UNAVAILABLE),
        (says(b"\xff\xfe"), UNAVAILABLE),
        (says(b"[" * 50_000), UNAVAILABLE),
        (says(b'{"success": true}' + b" " * 100_000), None),
        (lambda handler: handler.wfile.write(b"not even HTTP\r\n\r\n"), UNAVAILABLE),
        (lambda handler: handler.connection.close(), UNAVAILABLE),
    ],
)
def test_yes_no_and_whatever_else(asking: Flask, provider: Provider, answer: Answer, expected: Any) -> None:
    provider.answer = answer
    assert outcome(asking) == expected
    assert provider.paths == ["/verify"], "no redirect is followed"


@pytest.mark.parametrize("answer", [hangs, drips])
def test_a_provider_is_waited_for_no_longer_than_the_deadline(
    asking: Flask, provider: Provider, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert captcha_providers.TIMEOUT == 3.0
    monkeypatch.setattr(captcha_providers, "TIMEOUT", 0.3)
    provider.answer = answer
    assert outcome(asking) == UNAVAILABLE
    assert not provider.has_ended, "it was waited for to the end"
    provider.may_end.set()


def test_nobody_at_the_address_is_away_too(make_app: MakeApp) -> None:
    assert outcome(make_app(TURNSTILE_VERIFY_URL=f"http://127.0.0.1:{servers.free_port()}")) == UNAVAILABLE


def test_no_connection_to_the_database_is_held_while_a_provider_is_asked(asking: Flask, provider: Provider) -> None:
    held: list[int] = []
    with asking.app_context():
        pool = db.engine.pool
        provider.during = lambda: held.append(pool.checkedout())  # type: ignore[attr-defined]
        db.session.execute(text("SELECT 1"))
        assert pool.checkedout() == 1
        check_token(TURNSTILE, submission_with(cf_turnstile_response="token"))
    assert held == [0]


def test_neither_secret_nor_token_is_logged(
    asking: Flask, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.answer = says({"success": False, "error-codes": ["invalid-input-secret"]})
    form = form_of(challenge="turnstile", challenge_secret="the-secret")
    assert outcome(asking, submission_with(cf_turnstile_response="the-token"), form) == UNAVAILABLE
    log = " ".join(str(record.__dict__) for record in caplog.records)
    assert "invalid-input-secret" in log
    assert "the-secret" not in log
    assert "the-token" not in log


def test_a_provider_of_ones_own_authority_is_trusted_by_its_file(make_app: MakeApp, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    provider = Provider(authority.server_context())
    for settings, expected in (({}, UNAVAILABLE), ({"OUTBOUND_CA_FILE": str(authority.file)}, None)):
        assert outcome(make_app(TURNSTILE_VERIFY_URL=provider.url, **settings)) == expected
    assert len(provider.requests) == 1
    provider.stop()
