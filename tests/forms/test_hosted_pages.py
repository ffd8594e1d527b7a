"""The hosted page of a form."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.errors import FieldError
from forms_service.forms import page_tokens, pages
from forms_service.forms.cache import get_published_form
from tests.conftest import MakeApp
from tests.forms.conftest import MakeForm

EVERY_FIELD: list[dict[str, Any]] = [
    {"name": "name", "type": "text", "label": 'Your "name"', "required": True, "max_length": 100, "pattern": "[a-z]+"},
    {"name": "email", "type": "email", "help": "We answer <soon>."},
    {"name": "phone", "type": "tel"},
    {"name": "site", "type": "url"},
    {"name": "guests", "type": "integer", "min": 1, "max": 12},
    {"name": "budget", "type": "number"},
    {"name": "day", "type": "date", "min": "2026-01-01"},
    {"name": "hour", "type": "time"},
    {"name": "pick", "type": "datetime", "max": "2026-12-31T18:00Z"},
    {"name": "land", "type": "select", "choices": [{"value": "de", "label": "Germany"}, "fr"], "required": True},
    {"name": "meal", "type": "radio", "choices": ["Fish", "Soup"], "required": True},
    {"name": "extras", "type": "multiselect", "choices": ["Wine", "Cake"], "required": True},
    {"name": "cv", "type": "file", "accept": ".pdf", "max_size": 5_242_880},
    {"name": "source", "type": "hidden"},
    {"name": "message", "type": "textarea", "min_length": 10},
    {"name": "news", "type": "checkbox"},
    {"name": "agree", "type": "consent", "label": "I agree", "required": True},
]


def shown_again(app: Flask, form_id: str, errors: dict[str, list[FieldError]], values: dict[str, Any]) -> str:
    """The page after a post that was refused."""
    with app.test_request_context("/"):
        return pages.render_hosted(get_published_form(form_id), 422, errors, pages.PreviousAttempt(values)).get_data(
            as_text=True
        )


def test_every_type_is_rendered_with_its_rules(shared_client: FlaskClient, form_of: MakeForm) -> None:
    form_id = form_of(fields=EVERY_FIELD)
    response = shared_client.get(f"/f/{form_id}")
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert response.headers["Cache-Control"] == "no-store"
    for html in (
        f'<form method="post" action="/f/{form_id}" enctype="multipart/form-data">',
        'name="name" type="text" required maxlength="100" pattern="[a-z]+" autocomplete="name"',
        'name="email" type="email" autocomplete="email" aria-describedby="field-2-help"',
        'name="guests" type="number" min="1" max="12" step="1" inputmode="numeric"',
        'name="budget" type="number" step="any"',
        'name="day" type="date" min="2026-01-01"',
        'name="pick" type="datetime-local">',
        '<option value="de">Germany</option>',
        'name="meal" value="Fish" type="radio" required',
        'name="extras" value="Wine" type="checkbox">',
        'name="cv" type="file" accept=".pdf"',
        "PDF, up to 5 MB.",
        '<input type="hidden" name="source" value="">',
        'name="agree" type="checkbox" value="on" required',
        "Your &#34;name&#34;",
        "We answer &lt;soon&gt;.",
        "Summer &lt;party&gt;",
        'name="_gotcha" tabindex="-1" autocomplete="off"',
    ):
        assert html in response.text
    for name in (field["name"] for field in EVERY_FIELD):
        assert f'name="{name}"' in response.text
    assert "<script" not in response.text


def test_a_form_without_fields_shows_three_default_fields(shared_client: FlaskClient, form_of: MakeForm) -> None:
    page = shared_client.get(f"/f/{form_of(settings={'honeypot': 'company_fax'})}").text
    assert re.findall(r'name="([a-z_]+)"', page)[1:] == ["_started", "name", "email", "message", "company_fax"]
    assert "multipart" not in page


def test_patterns_that_javascript_reads_differently_are_not_rendered(
    shared_client: FlaskClient, form_of: MakeForm
) -> None:
    fields = [
        {"name": "a", "type": "text", "pattern": "[[:alpha:]]+"},
        {"name": "b", "type": "textarea", "pattern": "x"},
    ]
    assert "pattern=" not in shared_client.get(f"/f/{form_of(fields=fields)}").text


def test_errors_are_shown_beside_fields_and_in_a_summary(shared_app: Flask, form_of: MakeForm) -> None:
    errors = {
        "email": [FieldError("Enter an e-mail address.", "invalid_email")],
        "meal": [FieldError("Choose one.", "required")],
    }
    values = {"name": '"><b>', "email": "ann", "extras": ["Cake"], "land": "de", "news": "on", "message": "\nHi"}
    page = shown_again(shared_app, form_of(fields=EVERY_FIELD), errors, values)
    assert "<title>Error: Summer" in page
    assert '<a href="#field-2">email</a> – Enter an e-mail address.' in page
    assert '<a href="#field-11-1">meal</a> – Choose one.' in page
    assert 'aria-invalid="true" aria-describedby="field-2-help field-2-wrong" value="ann"' in page
    assert 'value="&#34;&gt;&lt;b&gt;"' in page
    assert 'value="Cake" type="checkbox" checked' in page
    assert '<option value="de" selected>' in page
    assert 'name="news" type="checkbox" value="on" checked' in page
    assert ">\n\nHi</textarea>" in page  # a browser takes the first line break off


def test_values_without_a_field_are_carried_in_hidden_fields(shared_app: Flask, form_of: MakeForm) -> None:
    values = {"_next": "/done", "utm": ["a", "b"], "_gotcha": "bot", "altcha": "token", "_started": "x", "name": "Ann"}
    page = shown_again(shared_app, form_of(fields=EVERY_FIELD), {}, values)
    assert '<input type="hidden" name="_next" value="/done">' in page
    assert page.count('name="utm"') == 2
    assert "bot" not in page
    assert "token" not in page


def test_a_form_without_fields_redisplays_the_submitted_fields(shared_app: Flask, form_of: MakeForm) -> None:
    values = {"first_name": "Ann", "story": "Long " * 50, "_subject": "Hi", "fax": "bot"}
    page = shown_again(shared_app, form_of(settings={"honeypot": "fax"}), {}, values)
    assert page.count('name="fax"') == 1
    assert "bot" not in page
    assert '<label for="field-1">First name</label>' in page
    assert '<textarea id="field-2" name="story"' in page
    assert '<input type="hidden" name="_subject" value="Hi">' in page


def test_the_csp_allows_the_redirect_targets(shared_client: FlaskClient, form_of: MakeForm) -> None:
    form_id = form_of(settings={"redirect_urls": ["https://a.example/x", "https://a.example/y"]})
    policy = shared_client.get(f"/f/{form_id}").headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' https://a.example")


def test_a_closed_form_shows_a_closed_page(shared_client: FlaskClient, form_of: MakeForm) -> None:
    response = shared_client.get(f"/f/{form_of(settings={'closed': True})}")
    assert response.status_code == 403
    assert "closed" in response.text
    assert "<form" not in response.text


def test_the_thank_you_page_is_shown(shared_client: FlaskClient, form_of: MakeForm) -> None:
    form_id = form_of()
    response = shared_client.get(f"/f/{form_id}/thanks")
    assert response.status_code == 200
    assert f'href="/f/{form_id}"' in response.text
    assert "reference" not in response.text


def test_the_thank_you_page_shows_a_reference_and_nothing_else_that_is_typed(
    shared_client: FlaskClient, form_of: MakeForm
) -> None:
    form_id = form_of()
    assert "<strong>7K3QX-9FMT2</strong>" in shared_client.get(f"/f/{form_id}/thanks?_reference=7K3QX-9FMT2").text
    for typed in ("", "Call 555 1234", "7K3QX9FMT2<b>", "0K3QX-9FMT2", "Z" * 10, "é" * 10):
        assert "reference" not in shared_client.get(f"/f/{form_id}/thanks", query_string={"_reference": typed}).text


@pytest.mark.parametrize("path", ["/f/AAAAAAAAAAAAAAAA", "/f/AAAAAAAAAAAAAAAA/thanks", "/f/%00", "/f/x"])
def test_the_page_of_a_missing_form_is_404(shared_client: FlaskClient, path: str) -> None:
    assert shared_client.get(path, headers={"Accept": "text/html"}).status_code == 404


def test_head_requests_and_a_path_prefix_work(make_app: MakeApp, key_of: Callable[..., dict[str, str]]) -> None:
    app = make_app(PUBLIC_URL="https://site.example/forms")
    client = app.test_client()
    form = client.post("/api/forms", json={"name": "x"}, headers=key_of(app)).json["data"]
    assert form["url"] == f"https://site.example/forms/f/{form['id']}"
    assert client.head(f"/forms/f/{form['id']}").status_code == 200
    page = client.get(f"/forms/f/{form['id']}").text
    assert f'action="/forms/f/{form["id"]}"' in page
    assert 'href="/forms/static/forms.css' in page


class TestStartToken:
    """A signed token in a hidden field."""

    def test_is_in_the_page(self, shared_app: Flask, shared_client: FlaskClient, form_of: MakeForm) -> None:
        (token,) = re.findall(r'name="_started" value="([^"]+)"', shared_client.get(f"/f/{form_of()}").text)
        with shared_app.app_context():
            age = page_tokens.start_age(token)
        assert age is not None
        assert 0 <= age < 60

    def test_tells_its_age_and_none_in_the_future(self, shared_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        with shared_app.app_context():
            token = page_tokens.issue_start()
            now = time.time()
            monkeypatch.setattr(time, "time", lambda: now + 90)
            assert round(page_tokens.start_age(token) or 0) == 90
            monkeypatch.setattr(time, "time", lambda: now - 90)
            assert page_tokens.start_age(token) is None

    @pytest.mark.parametrize("token", ["", ".", "1.2", "ä", "1795515064.807." + "0" * 64, "9" * 5000, "nan.", "\ud800"])
    def test_cannot_be_forged(self, shared_app: Flask, token: str) -> None:
        with shared_app.app_context():
            assert page_tokens.start_age(token) is None
            assert page_tokens.start_age("0" + page_tokens.issue_start()) is None
            assert page_tokens.start_age(page_tokens.issue_start()[:-1]) is None
            assert page_tokens.start_age(page_tokens.issue_return("AAAAAAAAAAAAAAAA", "/")) is None
