"""CAPTCHA widgets on hosted pages: scripts and CSP."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.intake.test_taking_files import form_at

KeyOf = Callable[..., dict[str, str]]
KEYS = {"challenge_site_key": "site-key", "challenge_secret": "the-secret"}
BROWSER = {"Accept": "text/html"}


@pytest.fixture
def key(app: Flask, key_of: KeyOf) -> dict[str, str]:
    return key_of(app)


def test_a_page_without_a_challenge_loads_no_script(app: Flask, client: FlaskClient, key: dict[str, str]) -> None:
    page = client.get(form_at(app, key))
    assert "script" not in page.text
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert page.headers["Cross-Origin-Embedder-Policy"] == "require-corp"


@pytest.mark.parametrize(
    ("provider", "css_class", "host"),
    [
        ("turnstile", "cf-turnstile", "https://challenges.cloudflare.com"),
        ("hcaptcha", "h-captcha", "https://*.hcaptcha.com"),
        ("recaptcha", "g-recaptcha", "https://www.google.com/recaptcha/"),
    ],
)
def test_the_csp_allows_only_the_provider_of_the_challenge(
    app: Flask, client: FlaskClient, key: dict[str, str], provider: str, css_class: str, host: str
) -> None:
    page = client.get(form_at(app, key, challenge=provider, **KEYS))
    policy = dict(directive.split(" ", 1) for directive in page.headers["Content-Security-Policy"].split("; "))
    assert f'<div class="{css_class}" data-sitekey="site-key">' in page.text
    assert "the-secret" not in page.text
    assert host in policy["script-src"]
    assert host in policy["frame-src"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert policy["default-src"] == "'none'"
    assert "Cross-Origin-Embedder-Policy" not in page.headers
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "<noscript>" in page.text


def test_altcha_loads_only_from_the_service(app: Flask, client: FlaskClient, key: dict[str, str]) -> None:
    path = form_at(app, key, challenge="altcha")
    page = client.get(path)
    assert f'<altcha-widget challenge="{path}/challenge"' in page.text
    assert "https:" not in page.headers["Content-Security-Policy"]
    assert page.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    for file in ("altcha.js", "vendor/altcha/altcha.min.js", "vendor/altcha/altcha.css", "vendor/altcha/pbkdf2.js"):
        with client.get(f"/static/{file}") as response:
            assert response.status_code == 200
            assert response.headers["Cross-Origin-Embedder-Policy"] == "require-corp", "a worker has to say so itself"


def test_a_token_error_is_shown_beside_the_widget(app: Flask, client: FlaskClient, key: dict[str, str]) -> None:
    response = client.post(form_at(app, key, challenge="altcha"), data={"message": "Hello"}, headers=BROWSER)
    assert response.status_code == 422
    assert "Confirm that you are human." in response.text
    assert ">Hello</textarea>" in response.text.replace("\n", "")
