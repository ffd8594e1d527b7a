"""API keys: made, shown once, listed, revoked."""

import re

import pytest
from flask import Flask

from forms_service.accounts.api_keys import service
from forms_service.accounts.models import SCOPES
from forms_service.console.account.schemas import SCOPE_WORDS
from tests.support.accounts import PASSWORD, Member, bearer, mails
from tests.support.console import Visitor

PAGE = "/console/keys"
KEY = re.compile(r"fs_[\w-]{43}")
NEW = {"name": "my site", "scopes": ["forms:read", "submissions:read"], "password": PASSWORD}


@pytest.fixture
def made(signed_in: Visitor) -> str:
    """A key that the owner has just made, besides the one of the API's tests."""
    answer = signed_in.send(PAGE, **NEW)
    (key,) = KEY.findall(answer.text)
    return str(key)


def test_every_scope_has_words() -> None:
    assert tuple(SCOPE_WORDS) == SCOPES


def test_a_key_is_shown_once_and_works(app_on_each_db: Flask, signed_in: Visitor, made: str) -> None:
    assert KEY.findall(signed_in.get(PAGE).text) == []
    assert signed_in.client.get("/api/forms", headers=bearer(made)).status_code == 200
    assert signed_in.client.post("/api/forms", json={"name": "x"}, headers=bearer(made)).status_code == 403
    text = signed_in.get(PAGE).text
    assert "my site</strong>" in text
    assert "Read forms · Read and export submissions" in text
    assert "last used" in text
    assert [mail["name"] for mail in mails(app_on_each_db, "new_key")] == ["my site"]


def test_one_scope_is_enough_and_none_is_not(signed_in: Visitor) -> None:
    assert KEY.search(signed_in.send(PAGE, **NEW | {"scopes": "forms:read"}).text)
    refused = signed_in.send(PAGE, name="x", password=PASSWORD)
    assert (refused.status_code, "Choose what programs with this key may do." in refused.text) == (422, True)
    assert signed_in.send(PAGE, **NEW | {"scopes": "everything"}).status_code == 422


def test_a_refused_form_keeps_what_was_chosen_and_no_password(signed_in: Visitor) -> None:
    refused = signed_in.send(PAGE, **NEW | {"password": "wrong-Password-1"})
    assert "Wrong current password." in refused.text
    assert 'value="my site"' in refused.text
    assert len(re.findall(r'value="(forms|submissions):read" [^>]*checked', refused.text)) == 2
    assert "wrong-Password-1" not in refused.text


def test_a_key_is_revoked_after_a_question(signed_in: Visitor, made: str) -> None:
    text = signed_in.get(PAGE).text
    path = re.findall(r'action="(/console/keys/[0-9a-f-]{36}/revoke)"', text)[0]  # the newest is first
    assert text.index("<summary>Revoke…</summary>") < text.index(path)
    answer = signed_in.send(path, PAGE)
    assert "The key has been revoked." in signed_in.get(answer.headers["Location"]).text
    assert signed_in.client.get("/api/forms", headers=bearer(made)).status_code == 401
    assert signed_in.send(path, PAGE).status_code == 404


def test_beyond_the_limit_the_page_says_so(signed_in: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    token = signed_in.token(PAGE)
    monkeypatch.setattr(service, "MAX_KEYS", 1)
    assert "Make the key" not in signed_in.get(PAGE).text
    refused = signed_in.post(PAGE, {**NEW, "csrf_token": token})
    assert (refused.status_code, "at most 25 API keys" in refused.text) == (403, True)
    assert "<h1>API keys</h1>" in refused.text


def test_keys_are_for_owners(app_on_each_db: Flask, visitor: Visitor) -> None:
    Member(app_on_each_db, "user@example.com")
    visitor.sign_in("user@example.com")
    assert "Ask the operator" in visitor.get(PAGE).text
    refused = visitor.send(PAGE, "/console/account", **NEW)
    assert refused.status_code == 403
    assert KEY.search(refused.text) is None
