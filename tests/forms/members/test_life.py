"""Members over time: new addresses, disabled and erased accounts, erased forms, exports, links in mails, new keys."""

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, literal, select, type_coerce, update

from forms_service import cli
from forms_service.accounts import administration
from forms_service.database.transactions import write_session
from forms_service.delivery.models import Message
from forms_service.encryption import keyring
from forms_service.extensions import db
from forms_service.forms.models import Form, Member
from tests.support import members
from tests.support.accounts import PASSWORD, mails, token_in
from tests.support.accounts import Member as Person
from tests.support.console import Visitor
from tests.support.mail_server import MailServer
from tests.support.members import EVA, MAX, OLGA, PAT, VERA, Team, add_member, role_on, shared_form
from tests.support.people import People
from tests.support.recipients import Recipients
from tests.support.stored import count

NEW = "new@example.com"

people, team = members.people, members.team


def move(app: Flask, person: Person, email: str) -> None:
    """Give somebody another address, who signs in with it."""
    assert person.call("POST", "/api/me/email", password=PASSWORD, email=email).status_code == 202
    token = token_in(mails(app, "new_address")[-1])
    assert person.client.post("/api/me/email/confirm", json={"token": token}).status_code == 200
    person.email = email
    person.tokens = person.sign_in()


def signed_in(app: Flask, email: str) -> Visitor:
    visitor = Visitor(app, origin="https://forms.example.com")
    assert visitor.sign_in(email).status_code == 303
    return visitor


class TestNewAddress:
    def test_a_member_stays_one_and_the_old_address_can_be_invited(
        self, team: Team, people: dict[str, Person], app: Flask
    ) -> None:
        move(app, people["viewer"], NEW)
        assert role_on(people["viewer"], team.form_id) == "viewer"
        assert team.roles()[NEW] == ("viewer", "active")
        assert team.invite(NEW).status_code == 409
        assert team.invite(VERA, "editor").status_code == 201
        someone = Person(app, VERA)
        assert role_on(someone, team.form_id) == "editor"
        assert role_on(people["viewer"], team.form_id) == "viewer"

    def test_an_invitation_to_a_members_new_address_is_void(
        self, team: Team, people: dict[str, Person], app: Flask
    ) -> None:
        team.invite(NEW, "manager")
        move(app, people["viewer"], NEW)
        assert team.roles()[NEW] == ("viewer", "active")
        assert len(team.roles()) == 4

    def test_an_invitation_to_the_owners_new_address_is_void(
        self, team: Team, people: dict[str, Person], app: Flask
    ) -> None:
        team.invite(NEW)
        move(app, people["owner"], NEW)
        assert NEW not in team.roles()
        assert role_on(people["owner"], team.form_id) == "owner"

    def test_a_stranger_accepts_what_was_sent_to_it(self, team: Team, people: dict[str, Person], app: Flask) -> None:
        team.invite(NEW, "editor")
        move(app, people["stranger"], NEW)
        assert role_on(people["stranger"], team.form_id) == "editor"


def test_a_disabled_member_is_back_once_enabled(team: Team, people: dict[str, Person], app: Flask) -> None:
    with app.app_context():
        administration.disable(EVA)
    assert people["editor"].call("GET", f"/api/forms/{team.form_id}").status_code == 401
    assert team.roles()[EVA] == ("editor", "active")
    with app.app_context():
        administration.enable(EVA)
    people["editor"].tokens = people["editor"].sign_in()
    assert role_on(people["editor"], team.form_id) == "editor"


def test_an_erased_account_is_no_member(team: Team, people: dict[str, Person], app: Flask) -> None:
    team.invite("carol@example.com", by=people["manager"])
    for role in ("viewer", "manager"):
        assert people[role].call("DELETE", "/api/me", password=PASSWORD).status_code == 200
    assert set(team.roles()) == {EVA, PAT, "carol@example.com"}
    with app.app_context():
        assert VERA not in set(db.session.scalars(select(Message.target)))


def test_a_form_goes_with_its_owner_and_members_lose_it(team: Team, people: dict[str, Person], app: Flask) -> None:
    assert people["owner"].call("DELETE", "/api/me", password=PASSWORD).status_code == 200
    assert count(app, Form, Member) == [0, 0]
    assert role_on(people["manager"], team.form_id) is None
    assert people["editor"].call("GET", "/api/forms").status_code == 403


def test_a_deleted_form_takes_its_members_and_their_mails_along(team: Team, app: Flask) -> None:
    team.invite("carol@example.com")
    assert team.owner.call("DELETE", f"/api/forms/{team.form_id}").status_code == 200
    assert count(app, Member) == [0]
    assert mails(app, "invitation") == []


def test_a_form_being_erased_is_nobodys(team: Team, people: dict[str, Person], app: Flask) -> None:
    with app.app_context(), write_session():
        db.session.execute(update(Form).values(deleted_at=Form.created_at))
        db.session.commit()
    for person in people.values():
        assert person.call("GET", team.path).status_code == 404
    assert people["viewer"].call("DELETE", f"/api/members/{team.id_of(VERA)}").status_code == 404
    people["pending"].tokens = people["pending"].sign_in()
    with app.app_context():
        assert db.session.scalars(select(Member.status).where(Member.account_id.is_(None))).one() == "pending"


def test_exports_hold_memberships_and_the_members_of_own_forms(team: Team, people: dict[str, Person]) -> None:
    def parts(role: str) -> dict[str, list[tuple[str, str]]]:
        document = people[role].call("GET", "/api/me/export").json["data"]
        return {name: [(item["email"], item["role"]) for item in document[name]] for name in ("memberships", "members")}

    members = [(VERA, "viewer"), (EVA, "editor"), (MAX, "manager"), (PAT, "manager")]
    assert parts("owner") == {"memberships": [], "members": members}
    assert parts("manager") == {"memberships": [(MAX, "manager")], "members": []}
    assert parts("pending") == {"memberships": [], "members": []}


def test_a_person_who_is_erased_is_not_invited_any_more(team: Team, people: dict[str, Person], app: Flask) -> None:
    other = Team(app, people["manager"], shared_form(app))
    for each in (team, other):
        each.invite("carol@example.com")
    add_member(app, other.form_id, "sam@example.com", "editor")
    path, body = "/api/people/erase", {"email": "carol@example.com"}
    assert people["stranger"].call("POST", path, **body).status_code == 200, "of whose forms it is not"
    assert "carol@example.com" in team.roles()
    assert people["owner"].call("POST", path, **body).status_code == 200
    assert "carol@example.com" not in {*team.roles(), *other.roles()}
    assert people["owner"].call("POST", path, email=VERA).status_code == 200
    assert VERA in team.roles(), "members are erased with their account"


def test_people_are_searched_in_own_forms_only(team: Team, people: dict[str, Person]) -> None:
    people["owner"].client.post(f"/f/{team.form_id}", json={"email": "ann@example.com"})
    for role, number in (("owner", 1), ("manager", 0), ("operator", 1)):
        answer = people[role].call("POST", "/api/people/find", email="ann@example.com")
        assert len(answer.json["data"]) == number, role


def test_mails_to_a_member_link_to_the_console(
    team: Team, people: dict[str, Person], app: Flask, mail_server: MailServer
) -> None:
    recipients = Recipients(app, people["owner"].headers, team.form_id, mail_server)
    for email in (VERA, "outsider@example.com"):
        recipients.add_confirmed(email)
    recipients.submit()
    linked = {mail["To"]: "/console/submissions/" in mail.as_string() for mail in recipients.deliver()}
    assert linked == {OLGA: True, VERA: True, "outsider@example.com": False}


def test_managers_see_tests_of_webhooks(team: Team, people: dict[str, Person]) -> None:
    hook = people["manager"].call("POST", f"/api/forms/{team.form_id}/webhooks", url="https://93.184.215.14/")
    test = people["manager"].call("POST", f"/api/webhooks/{hook.json['data']['id']}/test")
    path = f"/api/deliveries/{test.json['data']['id']}"
    statuses = {role: person.call("GET", path).status_code for role, person in people.items()}
    assert [role for role, status in statuses.items() if status == 200] == ["owner", "manager", "operator"]


def test_invitations_and_their_links_outlive_a_rotation_of_all_data(
    team: Team, app: Flask, mail_server: MailServer, people: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "RELOAD_INTERVAL", -1)  # no other process has to notice the new key
    team.invite("carol@example.com", "editor")
    link = People(app, mail_server).link_to("carol@example.com", "invitation")
    with app.app_context():
        before = db.session.scalar(select(type_coerce(Member.email, LargeBinary)).where(Member.status == "pending"))
    done = app.test_cli_runner().invoke(cli.keys, ["rotate", "--data"])
    assert done.exit_code == 0, done.output
    with app.app_context():
        after = db.session.scalar(select(type_coerce(Member.email, LargeBinary)).where(Member.status == "pending"))
    assert before != after
    assert team.roles()["carol@example.com"] == ("editor", "pending")
    move(app, people["stranger"], "sam.two@example.com")
    assert "another address" in signed_in(app, people["stranger"].email).get(link).text


def test_an_invitation_whose_address_cannot_be_decrypted_is_shown_and_may_be_removed(team: Team, app: Flask) -> None:
    with app.app_context(), write_session():
        damaged = update(Member).where(Member.status == "pending").values(email=literal(b"damaged", LargeBinary))
        db.session.execute(damaged.execution_options(synchronize_session=False))
        db.session.commit()
    (member,) = [item for item in team.owner.call("GET", team.path).json["data"] if item["status"] == "pending"]
    assert (member["email"], member["unreadable"]) == ("", True)
    assert team.owner.call("PATCH", f"/api/members/{member['id']}", role="viewer").status_code == 200
    assert team.owner.call("DELETE", f"/api/members/{member['id']}").status_code == 200
