"""Pages for visitors: the way back to their site, the time they took, nothing of the operator."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import MakeApp
from tests.support.visitors import ANN, BROWSER, CONTACT, control_of, data_of, form_for, only, without_reference

SITE = "https://site.example"
FROM_SITE = {**BROWSER, "Origin": SITE, "Referer": f"{SITE}/contact?campaign=x"}


@pytest.fixture(scope="module")
def app(make_shared_app: MakeApp) -> Flask:
    """For all tests of this file: each has forms of its own."""
    return make_shared_app(RATE_LIMIT_ENABLED="false")


class TestTheWayBack:
    """Leads to the site that the visitor came from."""

    def test_stands_on_the_thank_you_page(self, client: FlaskClient, app: Flask) -> None:
        form = form_for(app, CONTACT)
        page = client.get(f"/f/{form}/thanks", headers={"Referer": f"{SITE}/contact?a=b#c"})
        assert f'<a href="{SITE}/contact">Back to site.example</a>' in page.text
        assert f'href="/f/{form}"' not in page.text

    @pytest.mark.parametrize(
        "referer",
        ["javascript:alert(1)", "https://a@evil.example/", "x", "http://127.0.0.1:5000/f/x", "//evil.example"],
    )
    def test_is_a_web_page_of_another_site(self, client: FlaskClient, app: Flask, referer: str) -> None:
        form = form_for(app, CONTACT)
        page = client.get(f"/f/{form}/thanks", headers={"Referer": referer})
        assert re.findall(r'<a href="(.*?)"', page.text) == [f"/f/{form}"]

    def test_outlives_a_correction_on_our_page(self, client: FlaskClient, app: Flask) -> None:
        form = form_for(app, CONTACT)
        page = client.post(f"/f/{form}", data={**ANN, "email": "x"}, headers=FROM_SITE)
        (action,) = re.findall(r'<form method="post" action="(.*?)"', page.text)
        ours = {**BROWSER, "Origin": "http://127.0.0.1:5000", "Referer": "http://127.0.0.1:5000/f/x"}
        page = client.post(unescape(action), data={**ANN, "email": "y"}, headers=ours)
        (action,) = re.findall(r'<form method="post" action="(.*?)"', page.text)
        answer = client.post(unescape(action), data=ANN, headers=ours)
        thanks = client.get(answer.headers["Location"], headers=ours)
        assert f'<a href="{SITE}/contact">Back to site.example</a>' in thanks.text

    def test_is_no_part_of_what_is_kept_but_the_query_of_the_page_is(self, client: FlaskClient, app: Flask) -> None:
        form = form_for(app, CONTACT)
        wrong = {**ANN, "email": "x"}
        page = client.post(f"/f/{form}?utm_source=news&utm_term=a%26b", data=wrong, headers=FROM_SITE)
        (action,) = re.findall(r'<form method="post" action="(.*?)"', page.text)
        ours = {**BROWSER, "Origin": "http://127.0.0.1:5000"}
        assert client.post(unescape(action), data=ANN, headers=ours).status_code == 303
        assert control_of(app, form) == {"utm_source": "news", "utm_term": "a&b"}
        assert data_of(app, form) == ANN

    @pytest.mark.parametrize("token", ["https://evil.example/", "0" * 64 + " 1795515064 https://evil.example/"])
    def test_cannot_be_made_up(self, client: FlaskClient, app: Flask, token: str) -> None:
        form = form_for(app, CONTACT)
        assert "evil" not in client.get(f"/f/{form}/thanks", query_string={"_site": token}).text
        answer = client.post(
            f"/f/{form}?_site={token}", data=ANN, headers={**BROWSER, "Origin": "http://127.0.0.1:5000"}
        )
        assert without_reference(answer.headers["Location"]) == f"/f/{form}/thanks"


@pytest.mark.parametrize("first", ["none", "fast", "slow"])
def test_a_correction_is_never_too_fast(app: Flask, client: FlaskClient, first: str) -> None:
    form = form_for(app, CONTACT)
    started = {} if first == "none" else {"_started": _shown_at(client.get(f"/f/{form}").text)}
    page = client.post(f"/f/{form}", data={**ANN, "email": "x", **started}, headers=BROWSER)
    answer = client.post(f"/f/{form}", data={**ANN, "_started": _shown_at(page.text)}, headers=BROWSER)
    assert answer.status_code == 303
    assert (only(app, form).status, only(app, form).spam_reasons) == ("inbox", "")


def _shown_at(page: str) -> str:
    (token,) = re.findall(r'name="_started" value="(.*?)"', page)
    return str(token)


def test_visitors_meet_nothing_of_the_operator(app: Flask, client: FlaskClient) -> None:
    form, closed = form_for(app, CONTACT), form_for(app, closed=True)
    for path in (f"/f/{form}", f"/f/{form}/thanks", f"/f/{closed}", "/f/AAAAAAAAAAAAAAAA", f"/f/{form}/nothing"):
        page = client.get(path, headers=BROWSER).text
        assert "<h1>" in page
        for trace in ("forms-service", "<header", "<footer", 'href="/"', "Sign", "Health"):
            assert trace not in page
