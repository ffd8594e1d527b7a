"""Hosted pages whose fields take values from their URL."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.forms.conftest import MakeForm
from tests.forms.test_hosted_pages import EVERY_FIELD


@pytest.fixture
def shown(shared_client: FlaskClient, form_of: MakeForm) -> Any:
    form_id = form_of(fields=EVERY_FIELD, settings={"honeypot": "fax"})
    return lambda query: shared_client.get(f"/f/{form_id}?{query}").text


@pytest.mark.parametrize(
    ("query", "html"),
    [
        ("name=Ann+O%27Hara", 'autocomplete="name" value="Ann O&#39;Hara"'),
        ("email=%22%3E%3Cscript%3E", 'value="&#34;&gt;&lt;script&gt;"'),
        ("guests=3", 'inputmode="numeric" value="3"'),
        ("day=2027-03-01", 'min="2026-01-01" value="2027-03-01"'),
        ("land=de&land=fr", '<option value="de" selected>'),
        ("meal=Soup", 'name="meal" value="Soup" type="radio" required checked'),
        ("extras=Cake&extras=Wine&extras=Beer", 'value="Cake" type="checkbox" checked'),
        ("news=on", 'name="news" type="checkbox" value="on" checked'),
        ("message=One%0D%0Atwo", ">\nOne\r\ntwo</textarea>"),
        ("source=shop&source=x", 'type="hidden" name="source" value="shop"'),
    ],
)
def test_a_field_shows_the_value_of_its_name(shown: Any, query: str, html: str) -> None:
    assert html in shown(query)
    assert html not in shown("")


@pytest.mark.parametrize(
    "query",
    [
        "agree=on",
        "cv=virus.pdf",
        "land=xx&meal=Stone&extras=Beer",
        "_gotcha=trap-value&fax=trap-value&_next=https://evil.example/&_started=trap-value&altcha=trap-value",
        "nobody=trap-value&NAME=trap-value",
        f"name={'x' * 101}&email={'y' * 2001}",
        "name=+%E2%80%8B&news=off",
    ],
)
def test_other_names_and_values_change_nothing(shown: Any, query: str) -> None:
    without_time = [re.sub('name="_started" value="[^"]*"', "", shown(text)) for text in (query, "")]
    assert without_time[0] == without_time[1]


def test_no_password_is_taken_from_a_url(shared_client: FlaskClient, form_of: MakeForm) -> None:
    form_id = form_of(fields=[{"name": "Password", "type": "text"}, {"name": "pin", "type": "text"}])
    assert "s3cret" not in shared_client.get(f"/f/{form_id}?Password=s3cret&pin=s3cret").text


def test_a_form_without_fields_keeps_its_default_ones(
    shared_client: FlaskClient,
    form_of: MakeForm,
) -> None:
    page = shared_client.get(f"/f/{form_of()}?email=ann@example.com&phone=7").text
    assert 'name="email" type="email" required autocomplete="email" value="ann@example.com"' in page
    assert 'name="message"' in page
    assert "phone" not in page
