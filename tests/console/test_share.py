"""The page with a form's code to copy, and its tests."""

import html
import json
import re
from typing import Any

import pytest
from flask import Flask

from forms_service.console.share.snippets import WAYS
from tests.conftest import KeyOf
from tests.support.accounts import PASSWORD
from tests.support.console import Visitor
from tests.support.puzzles import easy  # noqa: F401 (a fixture)
from tests.support.stored import OWNER, make_form
from tests.support.visitors import change, control_of, data_of, form_for, only, queued, submissions_of

FIELDS: list[dict[str, Any]] = [
    {"name": "name", "type": "text", "label": "Your name <b>", "required": True, "min_length": 2},
    {"name": "email", "type": "email", "label": "E-mail", "required": True},
    {"name": "size", "type": "select", "label": "Size", "choices": [{"value": "xl", "label": "Extra large"}]},
    {"name": "topics", "type": "multiselect", "label": "Topics", "choices": ["sales", "support"]},
    {"name": "age", "type": "integer", "label": "Age", "min": 18},
    {"name": "cv", "type": "file", "label": "CV", "accept": ".pdf", "required": True},
    {"name": "source", "type": "hidden"},
    {"name": "terms", "type": "consent", "label": "I agree to the [terms](https://a.example/)", "required": True},
]


TURNSTILE = {"challenge": "turnstile", "challenge_site_key": "k", "challenge_secret": "s"}


def share(form: str, way: str = "html") -> str:
    return f"/console/forms/{form}/share?way={way}"


def code_of(text: str) -> str:
    match = re.search(r'<pre id="code" tabindex="0">(.*?)</pre>', text, re.DOTALL)
    assert match
    return html.unescape(match[1])


def send(visitor: Visitor, form: str, way: str) -> Any:
    fields = {"csrf_token": visitor.token(share(form)), "way": way}
    return visitor.post(f"/console/forms/{form}/share", fields)


@pytest.fixture
def full_form(app_on_each_db: Flask, owner: dict[str, str]) -> str:
    return make_form(app_on_each_db, OWNER, FIELDS)


def test_the_html_is_that_of_the_forms_fields(full_form: str, signed_in: Visitor) -> None:
    code = code_of(signed_in.get(share(full_form)).text)
    assert f'action="http://127.0.0.1:5000/f/{full_form}" accept-charset="utf-8" enctype="multipart/form-data"' in code
    assert "<label>Your name &lt;b&gt; " in code
    assert '<input type="email" name="email" autocomplete="email" required>' in code
    assert '<label><input type="checkbox" name="topics" value="sales"> sales</label>' in code
    assert '<a href="https://a.example/">terms</a>' in code
    assert '<option value="xl">Extra large</option>' in code
    assert "<script" not in code
    with_script = code_of(signed_in.get(share(full_form, "script")).text)
    assert " data-forms-service>" in with_script
    assert '<script src="http://127.0.0.1:5000/static/forms.js" defer></script>' in with_script


def test_a_form_without_fields_has_code_too(form: str, signed_in: Visitor) -> None:
    for way in WAYS:
        page = signed_in.get(share(form, way))
        assert page.status_code == 200, way
        assert form in code_of(page.text), way


def test_after_the_form_is_made_the_code_is_first_and_its_button_focused(form: str, signed_in: Visitor) -> None:
    page = signed_in.get(f"/console/forms/{form}/share?done=created").text
    assert re.search(r'<button[^>]* data-copy="#code" hidden data-focus="">Copy</button>', page)
    assert page.index('id="code"') < page.index("Send a test")
    assert "data-focus" not in signed_in.get(share(form)).text


@pytest.mark.parametrize("way", WAYS)
def test_a_test_is_stored_as_any_submission_and_shown(
    app_on_each_db: Flask, full_form: str, signed_in: Visitor, way: str
) -> None:
    answer = send(signed_in, full_form, way)
    assert answer.status_code == 303
    shown = signed_in.get(answer.headers["Location"].partition("#")[0].removeprefix("http://127.0.0.1:5000")).text
    submission = only(app_on_each_db, full_form)
    assert (submission.status, submission.spam_reasons) == ("inbox", "")
    data = data_of(app_on_each_db, full_form)
    assert data["email"] == OWNER  # who tests gets what the form answers
    assert (data["topics"], data["size"]) == (["sales", "support"], "xl")
    assert control_of(app_on_each_db, full_form)["_subject"] == f"Test: {WAYS[way].label}"
    assert f'href="/console/submissions/{submission.id}"' in shown
    assert "test.pdf" in shown
    assert "Extra large" in shown
    assert {message.kind for message in queued(app_on_each_db, full_form)} == {"submission"}


def test_a_test_can_be_deleted(app_on_each_db: Flask, full_form: str, signed_in: Visitor) -> None:
    send(signed_in, full_form, "script")
    fields = {"csrf_token": signed_in.token(share(full_form)), "way": "script"}
    fields["submission"] = str(only(app_on_each_db, full_form).id)
    answer = signed_in.post(f"/console/forms/{full_form}/share/delete", fields)
    assert answer.status_code == 303
    assert submissions_of(app_on_each_db, full_form) == []
    tested = signed_in.get(f"{share(full_form)}&tested={fields['submission']}")
    assert (tested.status_code, "The test arrived" in tested.text) == (200, False)


def test_a_test_solves_altcha(app_on_each_db: Flask, easy: None, form: str, signed_in: Visitor) -> None:  # noqa: F811
    change(app_on_each_db, form, challenge="altcha")
    page = signed_in.get(share(form)).text
    assert "plain HTML cannot" in page
    assert "static/forms.js" in code_of(page)
    assert send(signed_in, form, "html").status_code == 303
    assert only(app_on_each_db, form).spam_reasons == ""


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ({"settings": {"closed": True}}, "This form is closed"),
        ({"settings": TURNSTILE}, "which only a visitor can solve"),
        ({"fields": [{"name": "code", "type": "text", "label": "Code", "pattern": "[0-9]{4}"}]}, "code: "),
    ],
)
def test_a_refused_test_says_why(
    app_on_each_db: Flask, owner: dict[str, str], signed_in: Visitor, definition: dict[str, Any], text: str
) -> None:
    form = form_for(app_on_each_db, definition.get("fields", ()), **definition.get("settings", {}))
    answer = send(signed_in, form, "curl")
    assert answer.status_code in (409, 422)
    assert text in answer.text
    assert 'aria-current="page">curl</a>' in answer.text
    assert submissions_of(app_on_each_db, form) == []


def test_the_page_names_the_sites_that_may_submit(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    assert "pages of these sites only" not in signed_in.get(share(form)).text
    change(app_on_each_db, form, allowed_origins=["https://www.example.com"])
    page = signed_in.get(share(form)).text
    assert "pages of these sites only" in page
    assert "https://www.example.com" in page
    assert send(signed_in, form, "html").status_code == 303


def test_the_qr_code_is_shown_and_downloaded(form: str, signed_in: Visitor) -> None:
    assert 'src="data:image/svg+xml' in signed_in.get(share(form, "link")).text
    for kind, head in (("svg", b"<?xml"), ("png", b"\x89PNG")):
        answer = signed_in.get(f"/console/forms/{form}/share/qr-code?format={kind}")
        assert answer.data.startswith(head)
        assert f"Contact.{kind}" in answer.headers["Content-Disposition"]


def test_a_stranger_sees_none_of_it(app_on_each_db: Flask, form: str, key_of: KeyOf) -> None:
    key_of(app_on_each_db, "stranger@example.com")
    stranger = Visitor(app_on_each_db)
    assert stranger.sign_in("stranger@example.com", PASSWORD).status_code == 303
    assert stranger.get(share(form)).status_code == 404
    assert stranger.get(f"/console/forms/{form}/share/qr-code").status_code == 404
    token = {"csrf_token": stranger.token("/console")}
    assert stranger.post(f"/console/forms/{form}/share", {**token, "way": "html"}).status_code == 404
    assert json.dumps(submissions_of(app_on_each_db, form)) == "[]"


def test_an_unknown_way_is_refused(form: str, signed_in: Visitor) -> None:
    assert signed_in.get(share(form, "smoke")).status_code == 422
    assert send(signed_in, form, "smoke").status_code == 422
