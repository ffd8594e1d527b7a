"""Password, address and sessions."""

import re

import pytest
from flask import Flask

from tests.conftest import MakeApp
from tests.support.accounts import PASSWORD, Member, login, mails, token_in
from tests.support.console import Visitor

PAGE = "/console/account"
PASSWORD_PAGE = f"{PAGE}/password"
EMAIL_PAGE = f"{PAGE}/email"
NEW = "Battery-staple-8"


@pytest.fixture
def ann(app_on_each_db: Flask) -> Member:
    return Member(app_on_each_db)


@pytest.fixture
def at_console(app_on_each_db: Flask, ann: Member) -> Visitor:
    """Ann, signed in to the API and the console."""
    visitor = Visitor(app_on_each_db)
    visitor.sign_in(ann.email)
    return visitor


class TestPassword:
    """Other sessions end; this one stays."""

    def test_is_changed(self, app_on_each_db: Flask, ann: Member, at_console: Visitor) -> None:
        elsewhere = Visitor(app_on_each_db)
        elsewhere.sign_in(ann.email)
        answer = at_console.send(PASSWORD_PAGE, password=PASSWORD, new_password=NEW)
        assert answer.headers["Location"] == "/console/account?done=password_changed"
        assert at_console.get(PAGE).status_code == 200
        assert elsewhere.get(PAGE).status_code == 303
        assert ann.call("GET", "/api/me").status_code == 401
        assert login(ann.client, ann.email, PASSWORD).status_code == 401
        assert login(ann.client, ann.email, NEW).status_code == 200
        assert [mail["to"] for mail in mails(app_on_each_db, "password_changed")] == [ann.email]

    def test_needs_the_current_one_and_a_good_new_one(self, ann: Member, at_console: Visitor) -> None:
        wrong = at_console.send(PASSWORD_PAGE, password="wrong", new_password=NEW)
        assert (wrong.status_code, "Wrong current password." in wrong.text) == (422, True)
        weak = at_console.send(PASSWORD_PAGE, password=PASSWORD, new_password="short")
        assert 'id="new_password-wrong"' in weak.text
        assert NEW not in wrong.text
        assert login(ann.client, ann.email, PASSWORD).status_code == 200

    def test_guesses_count_with_those_of_the_api(self, make_app_on_each_db: MakeApp) -> None:
        app = make_app_on_each_db(LOGIN_RATE_LIMIT="3/900")
        ann, visitor = Member(app), Visitor(app)
        visitor.sign_in(ann.email)
        body = {"password": "wrong", "new_password": NEW}
        assert ann.call("POST", "/api/me/password", **body).status_code == 422
        assert [visitor.send(page, **body).status_code for page in (PASSWORD_PAGE, PASSWORD_PAGE)] == [422, 422]
        refused = visitor.send(f"{PAGE}/delete", password=PASSWORD)
        assert (refused.status_code, "Too many requests." in refused.text) == (429, True)
        assert "Delete everything" in refused.text
        assert int(refused.headers["Retry-After"]) > 800
        assert ann.call("POST", "/api/me/password", **body).status_code == 429


class TestAddress:
    """The new one is confirmed by a link."""

    def test_changes_when_the_link_is_used(self, app_on_each_db: Flask, ann: Member, at_console: Visitor) -> None:
        answer = at_console.send(EMAIL_PAGE, password=PASSWORD, email="ann@example.org")
        assert "We have sent a link to the new address." in at_console.get(answer.headers["Location"]).text
        (mail,) = mails(app_on_each_db, "new_address")
        assert mail["to"] == "ann@example.org"
        assert [mail["to"] for mail in mails(app_on_each_db, "address_changing")] == [ann.email]
        done = at_console.post("/api/me/email/confirm", {"token": token_in(mail)})
        assert 'href="/console/sign-in"' in at_console.get(done.headers["Location"]).text
        assert at_console.get(PAGE).status_code == 303
        assert at_console.sign_in("ann@example.org").status_code == 303
        assert "ann@example.org" in at_console.get(PAGE).text

    def test_needs_the_password_and_an_address(self, app_on_each_db: Flask, at_console: Visitor) -> None:
        assert "Wrong current password." in at_console.send(EMAIL_PAGE, password="x", email="a@example.org").text
        refused = at_console.send(EMAIL_PAGE, password=PASSWORD, email="nonsense")
        assert (refused.status_code, 'value="nonsense"' in refused.text) == (422, True)
        assert mails(app_on_each_db, "new_address") == []

    def test_gets_at_most_three_mails_an_hour(self, app_on_each_db: Flask, at_console: Visitor) -> None:
        for _ in range(5):
            assert at_console.send(EMAIL_PAGE, password=PASSWORD, email="ann@example.org").status_code == 303
        assert len(mails(app_on_each_db, "new_address")) == 3


class TestSessions:
    """Listed with browser, network and last use."""

    def test_are_listed(self, app_on_each_db: Flask, ann: Member) -> None:
        visitor = Visitor(app_on_each_db)
        token = visitor.token("/console/sign-in")
        agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
        fields = {"email": ann.email, "password": PASSWORD, "next": "", "csrf_token": token}
        visitor.post("/console/sign-in", fields, **{"User-Agent": agent})
        listed = visitor.get(PAGE).text.partition('id="sessions"')[2]
        assert listed.index("Firefox 128 on Windows</strong> <span class") < listed.index("Werkzeug")
        assert "From 127.0.0.1, signed" in listed
        assert listed.count("this browser") == 1

    def test_one_is_ended(self, ann: Member, at_console: Visitor) -> None:
        paths = re.findall(r'action="(/console/account/sessions/[0-9a-f-]{36}/end)"', at_console.get(PAGE).text)
        assert len(paths) == 1
        answer = at_console.send(paths[0], PAGE)
        assert answer.headers["Location"] == "/console/account?done=session_ended#sessions"
        assert ann.call("GET", "/api/me").status_code == 401
        assert at_console.get(PAGE).status_code == 200
        assert at_console.send(paths[0], PAGE).status_code == 404

    def test_anothers_is_not_ended(self, app_on_each_db: Flask, at_console: Visitor) -> None:
        ben = Member(app_on_each_db, "ben@example.com")
        (session,) = ben.call("GET", "/api/me/sessions").json["data"]
        assert at_console.send(f"{PAGE}/sessions/{session['id']}/end", PAGE).status_code == 404
        assert ben.call("GET", "/api/me").status_code == 200

    def test_all_others_are_ended(self, app_on_each_db: Flask, ann: Member, at_console: Visitor) -> None:
        ben = Member(app_on_each_db, "ben@example.com")
        at_console.send(f"{PAGE}/sessions/end-others", PAGE)
        assert ann.call("GET", "/api/me").status_code == 401
        assert at_console.get(PAGE).status_code == 200
        assert "End all other sessions" not in at_console.get(PAGE).text
        assert ben.call("GET", "/api/me").status_code == 200

    def test_a_button_leads_back_to_its_page_after_a_sign_in(self, at_console: Visitor) -> None:
        token = at_console.token(PAGE)
        at_console.client.delete_cookie("forms_session", domain="127.0.0.1", path="/console")
        for referrer, place in ((PAGE, f"?next={PAGE}"), (f"{PAGE}/sessions/end-others", ""), ("/api/me", "")):
            headers = {"Referer": at_console.origin + referrer}
            answer = at_console.post(f"{PAGE}/sessions/end-others", {"csrf_token": token}, **headers)
            assert answer.headers["Location"] == f"/console/sign-in{place}"
