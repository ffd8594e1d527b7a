"""Links in labels and help texts."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.validation.label_links import strip_links
from tests.conftest import KeyOf
from tests.support.visitors import BROWSER, form_for

CONSENT = {
    "name": "agree",
    "type": "consent",
    "label": "I accept the [privacy policy](https://site.example/privacy?a=b&c=d) & more",
    "help": "Read [it](https://site.example/) first.",
    "required": True,
}


def test_links_are_rendered_on_the_page(shared_app: Flask, shared_client: FlaskClient) -> None:
    form = form_for(shared_app, [CONSENT])
    link = '<a href="https://site.example/privacy?a=b&amp;c=d" target="_blank" rel="noopener noreferrer">privacy policy'
    page = shared_client.get(f"/f/{form}").text
    assert f"I accept the {link}" in page
    assert "</a> &amp; more" in page
    assert 'Read <a href="https://site.example/"' in page
    assert page.count("(opens in a new tab)") == 2
    refused = shared_client.post(f"/f/{form}", data={"x": "y"}, headers=BROWSER).text
    assert '<a href="#field-1">I accept the privacy policy &amp; more</a>' in refused


@pytest.mark.parametrize(
    "label",
    [
        "[x](javascript:alert(1))",
        "[x](http://site.example/)",
        "[x](//evil.example)",
        "[x](https://a@evil.example/)",
        '[x](https://evil.example/"onclick="x)',
        "[x] (https://site.example/)",
        "<a href='https://site.example/'>x</a>",
        "**bold** _x_ ![x]",
        "[[x]](https://site.example/)",
    ],
)
def test_other_markup_stays_text(shared_app: Flask, shared_client: FlaskClient, label: str) -> None:
    page = shared_client.get(f"/f/{form_for(shared_app, [{'name': 'a', 'type': 'text', 'label': label}])}").text
    assert "<a " not in page
    assert strip_links(label) == label


def test_link_text_is_escaped(shared_app: Flask, shared_client: FlaskClient) -> None:
    label = "[<b>x</b>](https://site.example/'><script>)"
    page = shared_client.get(f"/f/{form_for(shared_app, [{'name': 'a', 'type': 'text', 'label': label}])}").text
    assert "<b>" not in page
    assert "<script" not in page


def test_mails_and_exports_show_only_the_link_text(app: Flask, client: FlaskClient, key_of: KeyOf) -> None:
    key = key_of(app)
    form = form_for(app, [CONSENT, {"name": "email", "type": "email"}])
    client.post(f"/f/{form}", json={"agree": True, "email": "ann@example.com"})
    exported = client.get(f"/api/forms/{form}/export?format=csv", headers=key).text
    assert "I accept the privacy policy & more" in exported
    assert "https://site.example" not in exported
