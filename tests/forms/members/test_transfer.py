"""A form is handed over: what follows its owner follows to the new one."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.forms.cache import get_published_form
from forms_service.webhooks.management import service as webhooks
from forms_service.webhooks.models import Webhook
from tests.conftest import MakeApp
from tests.support import members
from tests.support.accounts import PASSWORD
from tests.support.accounts import Member as Person
from tests.support.mail_server import MailServer
from tests.support.members import (
    EVA,
    MAX,
    OLGA,
    OTTO,
    VERA,
    Team,
    account_id_of,
    add_member,
    everybody,
    role_on,
    shared_form,
)
from tests.support.people import People
from tests.support.recipients import Recipients, links
from tests.support.stored import attach, make_form, submit

HOOK = {"url": "https://93.184.215.14/"}

people, team = members.people, members.team


def test_the_new_owner_owns_it_and_the_old_one_is_a_manager(team: Team, people: dict[str, Person], app: Flask) -> None:
    with app.app_context():
        get_published_form(team.form_id)  # cached
    answer = team.hand_over(MAX)
    assert (answer.status_code, answer.json["data"]["role"]) == (200, "manager")
    assert role_on(people["manager"], team.form_id) == "owner"
    assert team.roles()[OLGA] == ("manager", "active")
    assert MAX not in team.roles()
    with app.app_context():
        assert get_published_form(team.form_id).owner_email == MAX
    assert people["owner"].call("DELETE", f"/api/forms/{team.form_id}").status_code == 403
    assert Team(app, people["manager"], team.form_id).hand_over(OLGA).status_code == 200
    assert role_on(people["owner"], team.form_id) == "owner"
    assert people["manager"].call("DELETE", f"/api/members/{team.id_of(MAX)}").status_code == 200


@pytest.mark.parametrize(
    ("email", "code"),
    [
        (VERA, "cannot_have_forms"),
        ("pat@example.com", "not_a_member"),
        ("sam@example.com", "not_a_member"),
        ("nobody@example.com", "not_a_member"),
        (OLGA, "is_owner"),
        ("", "invalid"),
    ],
)
def test_only_a_member_who_may_have_forms_becomes_the_owner(
    team: Team, people: dict[str, Person], email: str, code: str
) -> None:
    refused = team.hand_over(email)
    assert refused.status_code == 422
    assert list(refused.json["codes"]) == ["email"]
    assert code in (*refused.json["codes"]["email"], "invalid")
    assert role_on(people["owner"], team.form_id) == "owner"


def test_a_disabled_account_does_not_become_the_owner(team: Team, app: Flask) -> None:
    with app.app_context(), write_session():
        db.session.execute(update(Account).where(Account.email_index == email_index(MAX)).values(status="disabled"))
        db.session.commit()
    assert team.hand_over(MAX).json["codes"] == {"email": ["cannot_have_forms"]}


def test_an_operator_hands_over_the_form_of_a_disabled_owner(team: Team, people: dict[str, Person], app: Flask) -> None:
    with app.app_context(), write_session():
        db.session.execute(update(Account).where(Account.email_index == email_index(OLGA)).values(status="disabled"))
        db.session.commit()
    assert team.hand_over(MAX, by=people["operator"]).json["data"]["role"] == "operator"
    assert role_on(people["manager"], team.form_id) == "owner"
    assert people["manager"].client.post(f"/f/{team.form_id}", json={"name": "Ann"}).status_code == 200


def test_it_is_in_the_trails_of_all(team: Team, people: dict[str, Person]) -> None:
    team.hand_over(MAX)
    for person, name in (("owner", "form_transferred"), ("manager", "form_received")):
        (event, *_) = people[person].call("GET", "/api/me/events").json["data"]
        assert event["name"] == name
        assert event["details"]["form_id"] == team.form_id
    trail = people["manager"].call("GET", f"/api/forms/{team.form_id}/events").json["data"]
    assert {event["name"] for event in trail} >= {"form_transferred", "form_created"}
    assert people["owner"].call("GET", f"/api/forms/{team.form_id}/events").status_code == 403


class TestMails:
    """To the owner."""

    @pytest.fixture
    def recipients(self, app: Flask, team: Team, people: dict[str, Person], mail_server: MailServer) -> Recipients:
        return Recipients(app, people["manager"].headers, team.form_id, mail_server)

    def owners(self, recipients: Recipients) -> list[tuple[str, bool, str]]:
        return [(item["email"], item["is_owner"], item["status"]) for item in recipients.all()]

    def test_the_new_owner_is_the_first_recipient_and_the_old_one_another(
        self, recipients: Recipients, team: Team
    ) -> None:
        team.hand_over(MAX)
        assert self.owners(recipients) == [(MAX, True, "active"), (OLGA, False, "active")]
        recipients.submit()
        assert recipients.mailed() == [MAX, OLGA]
        assert all("/console/submissions/" in mail.as_string() for mail in recipients.server.received), "both may open"

    def test_who_was_a_recipient_keeps_what_they_chose(self, recipients: Recipients, team: Team) -> None:
        chosen = recipients.add_confirmed(MAX, frequency="daily", hour=6)
        team.hand_over(MAX)
        owner, previous = recipients.all()
        assert (owner["id"], owner["frequency"], owner["hour"]) == (chosen["id"], "daily", 6)
        assert previous["email"] == OLGA

    def test_no_mail_that_waits_is_lost_and_each_unsubscribes_its_reader(
        self, recipients: Recipients, team: Team
    ) -> None:
        recipients.submit()
        team.hand_over(MAX)
        (mail,) = recipients.deliver()
        assert mail["To"] == OLGA
        assert recipients.post(links(mail, "unsubscribe")[0]).status_code == 200
        assert self.owners(recipients) == [(MAX, True, "active"), (OLGA, False, "unsubscribed")]

    def test_the_new_owner_is_told_though_the_old_one_had_unsubscribed(
        self, recipients: Recipients, team: Team
    ) -> None:
        recipients.submit()
        (mail,) = recipients.deliver()
        recipients.post(links(mail, "unsubscribe")[0])
        team.hand_over(MAX)
        assert self.owners(recipients) == [(MAX, True, "active"), (OLGA, False, "unsubscribed")]

    def test_back_and_forth_leaves_one_of_each(
        self, recipients: Recipients, team: Team, people: dict[str, Person]
    ) -> None:
        for email, by in ((MAX, "owner"), (OLGA, "manager"), (MAX, "owner"), (OLGA, "manager")):
            assert team.hand_over(email, by=people[by]).status_code == 200
        assert self.owners(recipients) == [(OLGA, True, "active"), (MAX, False, "active")]


class TestWebhooks:
    def test_the_forms_own_follow_and_general_ones_change_with_the_owner(
        self, team: Team, people: dict[str, Person], app: Flask
    ) -> None:
        own = people["owner"].call("POST", f"/api/forms/{team.form_id}/webhooks", **HOOK).json["data"]["id"]
        general = {
            role: people[role].call("POST", "/api/webhooks", **HOOK).json["data"]["id"] for role in ("owner", "manager")
        }

        def listening() -> set[str]:
            with app.app_context():
                listeners = get_published_form(team.form_id).listeners
                return {
                    str(listener.target.id) for listener in listeners if type(listener).__name__ == "WebhookListener"
                }

        assert listening() == {own, general["owner"]}
        team.hand_over(MAX)
        assert listening() == {own, general["manager"]}
        assert people["manager"].call("GET", f"/api/webhooks/{own}").status_code == 200
        assert people["owner"].call("GET", f"/api/webhooks/{own}").status_code == 200, "as a manager"
        people["manager"].call("DELETE", f"/api/members/{team.id_of(OLGA)}")
        assert people["owner"].call("GET", f"/api/webhooks/{own}").status_code == 404
        assert people["owner"].call("DELETE", "/api/me", password=PASSWORD).status_code == 200
        assert people["manager"].call("GET", f"/api/webhooks/{own}").status_code == 200

    def test_their_quota_is_the_new_owners(
        self, team: Team, people: dict[str, Person], app: Flask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        people["owner"].call("POST", f"/api/forms/{team.form_id}/webhooks", **HOOK)
        people["manager"].call("POST", "/api/webhooks", **HOOK)
        monkeypatch.setattr(webhooks, "MAX_PER_ACCOUNT", 1)
        refused = team.hand_over(MAX)
        assert (refused.status_code, refused.json["details"]["quota"]) == (403, "webhooks")
        assert role_on(people["owner"], team.form_id) == "owner"
        with app.app_context():
            query = select(Webhook.account_id).where(Webhook.form_id == team.form_id)
            assert db.session.scalar(query) == account_id_of(app, OLGA)


class TestQuotas:
    """Of the new owner."""

    @pytest.fixture
    def make_team(self, make_app_on_each_db: MakeApp) -> Callable[..., tuple[Team, dict[str, Person]]]:
        def make(**settings: str) -> tuple[Team, dict[str, Person]]:
            app = make_app_on_each_db(BACKGROUND_WORK="outside", **settings)
            people = everybody(app)
            return Team(app, people["owner"], shared_form(app)), people

        return make

    def test_number_of_forms(self, make_team: Any) -> None:
        team, people = make_team(FORMS_PER_ACCOUNT="1")
        make_form(team.app, MAX)
        refused = team.hand_over(MAX)
        assert (refused.status_code, refused.json["details"]["quota"]) == (403, "FORMS_PER_ACCOUNT")
        assert "new owner" in refused.json["message"]
        assert role_on(people["owner"], team.form_id) == "owner"

    def test_bytes_of_files(self, make_team: Any) -> None:
        team, people = make_team(ACCOUNT_STORAGE="150")
        other = make_form(team.app, MAX)
        for form_id in (team.form_id, other):
            attach(team.app, submit(team.app, form_id), "cv.pdf", b"x" * 100)
        refused = team.hand_over(MAX)
        assert (refused.status_code, refused.json["details"]["quota"]) == (403, "ACCOUNT_STORAGE")
        people["manager"].call("DELETE", f"/api/forms/{other}")
        assert team.hand_over(MAX).status_code == 200

    def test_counts_of_files_are_forgotten(self, make_team: Any) -> None:
        team, _ = make_team()
        use = team.app.extensions["storage_use"]
        ids = [account_id_of(team.app, email) for email in (OLGA, MAX)]
        for account_id in ids:
            use._counts[account_id] = (5, 1e12)
        assert team.hand_over(MAX).status_code == 200
        assert not set(ids) & set(use._counts)


def test_the_new_owner_may_be_an_operator_on_the_form(team: Team, app: Flask, people: dict[str, Person]) -> None:
    add_member(app, team.form_id, OTTO, "viewer")
    assert team.hand_over(OTTO).status_code == 200
    assert role_on(people["operator"], team.form_id) == "owner"
    assert EVA in team.roles()


def test_an_erased_old_owner_takes_nothing_along(
    team: Team, people: dict[str, Person], app: Flask, mail_server: MailServer
) -> None:
    people["owner"].client.post(f"/f/{team.form_id}", json={"name": "Zoë"})
    team.hand_over(MAX)
    assert people["owner"].call("DELETE", "/api/me", password=PASSWORD).status_code == 200
    new_owner = Team(app, people["manager"], team.form_id)
    assert OLGA not in new_owner.roles()
    assert len(new_owner.owner.call("GET", f"/api/forms/{team.form_id}/submissions").json["data"]) == 1
    assert People(app, mail_server).submit(team.form_id, name="Ann").status_code == 200
