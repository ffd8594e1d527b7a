"""Members are invited by mail and accept by a sign-in with that address."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery import suppressions
from forms_service.extensions import db
from forms_service.forms.members import erasure, invitations
from forms_service.forms.models import Member
from forms_service.rate_limiting.limits import LIMITS
from tests.conftest import MakeApp
from tests.support.accounts import PASSWORD, login, mails, token_in
from tests.support.accounts import Member as Person
from tests.support.console import Visitor
from tests.support.mail_server import MailServer
from tests.support.members import EVA, MAX, OLGA, VERA, Team, add_member, role_on
from tests.support.people import People, text_of
from tests.support.stored import make_form

SIGNUP = {"email": VERA, "first_name": "Vera", "last_name": "Viewer", "password": PASSWORD}


def at_console(app: Flask, email: str = VERA) -> Visitor:
    """Somebody signed in at the console."""
    visitor = Visitor(app, origin="https://forms.example.com")
    assert visitor.sign_in(email).status_code == 303
    return visitor


def test_an_invited_address_is_a_member_after_a_sign_in_by_the_api(team: Team, app: Flask) -> None:
    vera = Person(app, VERA)
    answer = team.invite(VERA, "editor")
    assert answer.status_code == 201
    assert answer.json["data"].items() >= {"email": VERA, "name": None, "role": "editor", "status": "pending"}.items()
    assert role_on(vera, team.form_id) is None
    assert vera.call("GET", "/api/forms").status_code == 403
    vera.tokens = vera.sign_in()
    assert role_on(vera, team.form_id) == "editor"
    (form,) = vera.call("GET", "/api/forms").json["data"]
    assert (form["id"], form["role"]) == (team.form_id, "editor")
    (member,) = team.owner.call("GET", team.path).json["data"]
    assert (member["name"], member["status"], member["is_you"]) == ("Ann Example", "active", False)


def test_an_invited_address_is_a_member_after_a_sign_in_at_the_console(team: Team, app: Flask) -> None:
    vera = Person(app, VERA)
    team.invite(VERA)
    visitor = at_console(app)
    assert visitor.get(f"/console/forms/{team.form_id}").status_code == 200
    assert role_on(vera, team.form_id) == "viewer"


def test_an_invited_address_is_a_member_after_it_signed_up_and_confirmed(team: Team, app: Flask) -> None:
    team.invite(VERA)
    client = app.test_client()
    assert client.post("/api/signup", json=SIGNUP).status_code == 201
    assert login(client, VERA).status_code == 401
    assert team.roles() == {VERA: ("viewer", "pending")}
    token = token_in(mails(app, "confirm")[0])
    confirmed = client.post("/api/signup/confirm", json={"token": token, "password": PASSWORD})
    assert confirmed.status_code == 200
    assert team.roles() == {VERA: ("viewer", "active")}


def test_any_spelling_of_the_address_is_invited(team: Team, app: Flask) -> None:
    team.invite("VERA@Example.com")
    Person(app, VERA)
    assert team.roles() == {VERA: ("viewer", "active")}


class TestLink:
    """Of the mail, for who is signed in already."""

    @pytest.fixture
    def link(self, team: Team, app: Flask, mail_server: MailServer) -> str:
        self.visitor = self.sign_in_before(app)
        team.invite(VERA)
        return People(app, mail_server).link_to(VERA, "invitation")

    def sign_in_before(self, app: Flask) -> Visitor:
        Person(app, VERA)
        return at_console(app)

    def press(self, visitor: Visitor, link: str, action: str) -> Any:
        return visitor.press(link, action)

    def test_shows_what_it_is_about_and_changes_nothing(self, link: str, team: Team) -> None:
        page = self.visitor.get(link)
        assert "You are invited" in page.text
        assert "Contact" in page.text
        assert team.roles() == {VERA: ("viewer", "pending")}

    def test_its_button_accepts(self, link: str, team: Team) -> None:
        answer = self.visitor.press(link, "accept")
        assert answer.status_code == 303
        assert f"/console/forms/{team.form_id}" in answer.headers["Location"]
        assert team.roles() == {VERA: ("viewer", "active")}
        assert "Open the form" in self.visitor.get(link).text

    def test_its_other_button_declines(self, link: str, team: Team) -> None:
        assert self.visitor.press(link, "decline").status_code == 303
        assert team.roles() == {}
        assert "no longer valid" in self.visitor.get(link).text

    def test_is_of_no_use_to_another_account(self, link: str, team: Team, app: Flask) -> None:
        Person(app, EVA)
        eva = at_console(app, EVA)
        assert "another address" in eva.get(link).text
        token = self.visitor.token(link)
        assert "csrf" in eva.get("/console").text
        refused = eva.post(link, {"csrf_token": eva.token("/console"), "action": "accept"})
        assert refused.status_code == 422
        assert "another address" in refused.text
        assert token
        assert team.roles() == {VERA: ("viewer", "pending")}

    def test_must_be_whole(self, link: str, team: Team) -> None:
        wrong = link[:-2] + ("AA" if not link.endswith("AA") else "BB")
        for path in (wrong, "/console/invitation", "/console/invitation?token=%C3%BC"):
            assert "no longer valid" in self.visitor.get(path).text
            fields = {"csrf_token": self.visitor.token("/console"), "action": "accept"}
            assert self.visitor.post(path, fields).status_code == 422
        assert team.roles() == {VERA: ("viewer", "pending")}


def test_where_addresses_are_not_confirmed_only_the_link_accepts(
    make_app_on_each_db: MakeApp, mail_server: MailServer
) -> None:
    app = make_app_on_each_db(
        **mail_server.settings,
        BACKGROUND_WORK="outside",
        PUBLIC_URL="https://forms.example.com",
        SIGNUP_CONFIRMATION="false",
    )
    team = Team(app, Person(app, OLGA, role="owner"), make_form(app, OLGA))
    team.invite(VERA)
    client = app.test_client()
    assert client.post("/api/signup", json=SIGNUP).status_code == 201  # by whoever knows the address
    assert login(client, VERA).status_code == 200
    assert team.roles() == {VERA: ("viewer", "pending")}
    visitor = at_console(app)
    assert visitor.press(People(app, mail_server).link_to(VERA, "invitation"), "accept").status_code == 303
    assert team.roles() == {VERA: ("viewer", "active")}


def test_the_mail_says_who_invites_and_holds_no_link_of_theirs(team: Team, app: Flask, mail_server: MailServer) -> None:
    name = "Win at https://evil.example"
    assert team.owner.call("PATCH", f"/api/forms/{team.form_id}", name=name).status_code == 200
    team.invite(VERA)
    text = text_of(People(app, mail_server).one_mail_to(VERA))
    assert OLGA in text
    assert "evil.example" not in text
    urls = [line for line in text.splitlines() if line.startswith("http")]
    assert urls[0].startswith("https://forms.example.com/console/invitation?token=")
    assert urls[1] == "https://forms.example.com/signup"


class TestMails:
    """Their number is limited as that of recipients' is."""

    def test_an_address_gets_three_an_hour_from_all_forms(
        self, team: Team, app: Flask, mail_server: MailServer
    ) -> None:
        for _ in range(2):
            assert team.invite(VERA).status_code == 201
            assert team.owner.call("DELETE", f"/api/members/{team.id_of(VERA)}").status_code == 200
        for _ in range(3):
            assert Team(app, team.owner, make_form(app, OLGA)).invite(VERA).status_code == 201
        assert len(People(app, mail_server).mails_to(VERA)) <= invitations.MAX_PER_HOUR

    def test_an_account_invites_thirty_an_hour(self, team: Team) -> None:
        limit = LIMITS["members"].rate.requests  # type: ignore[union-attr]  # a rate, no setting
        assert limit == LIMITS["recipients"].rate.requests == 30  # type: ignore[union-attr]  # likewise
        statuses = {team.invite(f"person{number}@example.com").status_code for number in range(limit)}
        assert statuses == {201}
        assert team.invite(VERA).status_code == 429

    def test_a_suppressed_address_gets_none_and_may_sign_in(
        self, team: Team, app: Flask, mail_server: MailServer
    ) -> None:
        with app.app_context():
            suppressions.suppress(VERA, "complaint")
        assert team.invite(VERA).json["data"]["is_suppressed"] is True
        assert People(app, mail_server).mails_to(VERA) == []
        Person(app, VERA)
        assert team.roles() == {VERA: ("viewer", "active")}

    def test_invited_again_a_pending_member_is_mailed_again_and_has_the_new_role(
        self, team: Team, app: Flask, mail_server: MailServer
    ) -> None:
        first = team.invite(VERA).json["data"]["id"]
        assert team.invite(VERA, "manager").json["data"]["id"] == first
        assert len(People(app, mail_server).mails_to(VERA)) == 2
        assert team.roles() == {VERA: ("manager", "pending")}


def test_who_is_on_the_form_is_not_invited(team: Team, app: Flask) -> None:
    Person(app, VERA)
    add_member(app, team.form_id, VERA)
    for email, word in ((OLGA, "owner"), (VERA, "member")):
        refused = team.invite(email, "manager")
        assert (refused.status_code, word in refused.json["message"]) == (409, True)
    assert team.roles() == {VERA: ("viewer", "active")}


@pytest.mark.parametrize("role", ["owner", "operator", "admin", "", None, 1])
def test_no_other_role_can_be_assigned(team: Team, app: Flask, role: Any) -> None:
    Person(app, MAX)
    member = add_member(app, team.form_id, MAX, "manager")
    for method, path, more in (("POST", team.path, {"email": VERA}), ("PATCH", f"/api/members/{member}", {})):
        refused = team.owner.call(method, path, role=role, **more)
        assert (refused.status_code, list(refused.json["codes"])) == (422, ["role"])


def test_an_invitation_ends_after_30_days(team: Team, app: Flask) -> None:
    Person(app, MAX)
    add_member(app, team.form_id, MAX)
    team.invite(VERA)
    with app.app_context():
        for days in (29, 31):
            with write_session():
                db.session.execute(update(Member).values(created_at=now() - timedelta(days=days)))
                db.session.commit()
            erasure.sweep()
            statuses = sorted(db.session.scalars(select(Member.status)))
            assert statuses == (["active", "pending"] if days == 29 else ["active"])
