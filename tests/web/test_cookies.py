"""Every cookie is for this host alone over TLS, and no script reads it."""

import re

import pytest
from flask import Flask

from forms_service.web import cookies
from tests.conftest import KeyOf, MakeApp
from tests.support.accounts import PASSWORD
from tests.support.servers import ROOT

URL = "https://site.example/forms"
NAMES = ("forms_session", "forms_browser", "forms_undo")


@pytest.fixture
def over_tls(make_app: MakeApp) -> Flask:
    return make_app(PUBLIC_URL=URL)


@pytest.mark.parametrize("name", NAMES)
def test_over_tls_it_has_the_prefix_of_its_host(over_tls: Flask, name: str) -> None:
    with over_tls.test_request_context(base_url="http://127.0.0.1"):
        response = over_tls.response_class()
        cookies.add_cookie(response, name, "value", 60, "/console")
    header = response.headers["Set-Cookie"]
    assert header.startswith(f"__Host-{name}=value;")
    assert header.endswith("; Secure; HttpOnly; Path=/; SameSite=Lax"), (
        "the prefix requires Secure, and / without Domain"
    )


def test_a_browser_is_recognised_by_its_prefixed_cookie(over_tls: Flask, key_of: KeyOf) -> None:
    key_of(over_tls)
    client = over_tls.test_client()
    body = {"email": "owner@example.com", "password": PASSWORD}
    headers = {"Sec-Fetch-Mode": "cors"}
    path = {"path": "/forms/api/login", "base_url": "https://site.example"}
    first = client.post(json=body, headers=headers, **path)
    assert first.headers["Set-Cookie"].startswith("__Host-forms_browser=")
    assert "Set-Cookie" not in client.post(json=body, headers=headers, **path).headers


def test_no_other_code_sets_a_cookie() -> None:
    setters = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "forms_service").rglob("*.py")
        if re.search(r"\.(set|delete)_cookie\(", file.read_text())
    }
    assert setters == {"forms_service/web/cookies.py"}
