"""The owner's words after a submission, for browsers and scripts."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forms_service.intake.responses import THANKS
from tests.support.people import OPT_IN
from tests.support.visitors import ANN, CONTACT, form_for

BROWSER = {"Accept": "text/html"}
OWN = {"title": "Merci <3", "text": "One\n<i>two</i>", "button_url": "https://shop.example/next?a=1&b=2"}


def test_a_page_has_them_as_text(app: Flask, client: FlaskClient) -> None:
    form = form_for(app, CONTACT, thanks=OWN)
    answer = client.post(f"/f/{form}", data=ANN, headers=BROWSER)
    page = client.get(answer.headers["Location"], headers=BROWSER).text
    assert "<title>Merci &lt;3 – " in page
    assert "<h1>Merci &lt;3</h1>" in page
    assert '<p class="own" dir="auto">One\n&lt;i&gt;two&lt;/i&gt;</p>' in page
    link = 'href="https://shop.example/next?a=1&amp;b=2" target="_top">Continue to shop.example</a>'
    assert link in page
    assert "Your reference: <strong>" in page
    assert "Your submission has been received" not in page


def test_the_json_answer_has_the_text(app: Flask, client: FlaskClient) -> None:
    assert client.post(f"/f/{form_for(app, thanks=OWN)}", json=ANN).json["message"] == "One\n<i>two</i>"
    assert client.post(f"/f/{form_for(app, thanks={'title': 'Hi'})}", json=ANN).json["message"] == THANKS


@pytest.mark.parametrize("own", [{}, {"title": "Merci"}])
def test_what_is_not_said_stays_that_of_the_service(app: Flask, client: FlaskClient, own: dict[str, str]) -> None:
    page = client.get(f"/f/{form_for(app, CONTACT, thanks=own)}/thanks").text
    assert f"<h1>{own.get('title', 'Thank you')}</h1>" in page
    assert "Your submission has been received" in page
    assert "Continue to" not in page


def test_a_person_who_has_to_confirm_is_still_told_so(app: Flask, client: FlaskClient) -> None:
    page = client.get(f"/f/{form_for(app, CONTACT, thanks=OWN, double_opt_in=OPT_IN)}/thanks").text
    assert "We have sent you a mail." in page
    assert "<h1>Merci &lt;3</h1>" in page
