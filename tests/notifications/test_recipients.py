"""Whom a form tells: added, confirmed, changed, removed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import literal_column, select, update

from forms_service.accounts.models import Account, Event
from forms_service.accounts.service import email_index
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.notifications.recipients import invitations, service
from forms_service.notifications.recipients.models import Recipient
from forms_service.rate_limiting.limits import LIMITS
from forms_service.signals import form_saved
from tests.conftest import KeyOf
from tests.support.recipients import BOB, Recipients, links
from tests.support.stored import OWNER, make_form

CAROL = "carol@example.com"
DEFAULTS = {
    "frequency": "instant",
    "hour": 8,
    "weekday": "monday",
    "timezone": "UTC",
    "content": "full",
    "files": "link",
    "when": None,
}


def test_the_owner_is_the_first(recipients: Recipients) -> None:
    (owner,) = recipients.all()
    assert owner["email"] == OWNER
    assert owner["is_owner"]
    assert owner["status"] == "active"
    assert {name: owner[name] for name in DEFAULTS} == DEFAULTS
    recipients.submit()
    assert recipients.mailed() == [OWNER]


def test_another_address_gets_nothing_before_it_confirms(recipients: Recipients) -> None:
    assert recipients.add()["status"] == "pending"
    recipients.submit(message="secret")
    invitation, notification = sorted(recipients.deliver(), key=lambda mail: str(mail["To"]))
    assert (invitation["To"], notification["To"]) == (BOB, OWNER)
    assert "secret" not in invitation.as_string()
    assert recipients.post(links(invitation, "confirm")[0]).status_code == 200
    assert recipients.statuses() == {OWNER: "active", BOB: "active"}
    recipients.server.received.clear()
    recipients.submit(message="more")
    assert recipients.mailed() == [BOB, OWNER]


def test_an_invitation_says_who_asks_and_holds_no_link_of_the_owners(recipients: Recipients) -> None:
    answer = recipients.client.patch(
        f"/api/forms/{recipients.form_id}", json={"name": "Win at https://evil.example"}, headers=recipients.headers
    )
    assert answer.status_code == 200
    recipients.add()
    (mail,) = recipients.deliver()
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            assert OWNER in part.get_content()
            assert "https://evil" not in part.get_content()
            assert "evil.example" not in part.get_content()
    assert "evil.example" not in mail["Subject"]


def test_an_address_is_asked_at_most_three_times_an_hour_by_all_forms(recipients: Recipients) -> None:
    for _ in range(2):
        recipients.remove(recipients.add()["id"])
        recipients.deliver()
    for _ in range(3):
        other = make_form(recipients.app)
        answer = recipients.client.post(
            f"/api/forms/{other}/recipients", json={"email": BOB}, headers=recipients.headers
        )
        assert answer.json["data"]["status"] == "pending"
    assert len(recipients.deliver()) == 3


def test_added_again_an_active_one_is_not_asked_again(recipients: Recipients) -> None:
    added = recipients.add_confirmed()
    again = recipients.add(hour=3)
    assert (again["id"], again["status"], again["hour"]) == (added["id"], "active", 3)
    assert recipients.deliver() == []


@pytest.mark.parametrize("is_removed", [False, True])
def test_added_again_it_stays_unsubscribed(recipients: Recipients, is_removed: bool) -> None:
    added = recipients.add_confirmed()
    recipients.submit()
    (mail,) = [mail for mail in recipients.deliver() if mail["To"] == BOB]
    assert recipients.post(links(mail, "unsubscribe")[0]).status_code == 200
    if is_removed:
        recipients.remove(added["id"])
        assert recipients.statuses() == {OWNER: "active"}
    recipients.server.received.clear()
    assert recipients.add()["status"] == "unsubscribed"
    recipients.submit(name="Bob")
    assert recipients.mailed() == [OWNER]


def test_a_suppressed_address_is_not_asked_and_says_why(recipients: Recipients) -> None:
    recipients.suppress(BOB)
    added = recipients.add()
    assert (added["status"], added["suppressed_reason"]) == ("suppressed", "bounce")
    assert added["suppressed_at"]
    assert recipients.deliver() == []


def test_the_owner_sees_on_the_form_that_their_own_address_is_suppressed(recipients: Recipients) -> None:
    recipients.suppress(OWNER, "complaint")
    assert recipients.statuses() == {OWNER: "suppressed"}
    path = f"/api/forms/{recipients.form_id}"
    shown = recipients.client.get(path, headers=recipients.headers).json["data"]["mail_problem"]
    (listed,) = recipients.client.get("/api/forms", headers=recipients.headers).json["data"]
    assert "reported as spam" in shown
    assert listed["mail_problem"] == shown


def test_the_owners_address_can_be_removed_and_is_active_when_added_again(recipients: Recipients) -> None:
    (owner,) = recipients.all()
    recipients.remove(owner["id"])
    recipients.submit()
    assert recipients.deliver() == []
    assert recipients.add(OWNER.upper())["status"] == "active"
    recipients.submit(name="Bob")
    assert recipients.mailed() == [OWNER]


def test_the_owners_address_follows_the_account(recipients: Recipients) -> None:
    with recipients.app.app_context(), write_session():
        account = db.session.scalars(select(Account)).one()
        account.email, account.email_index = CAROL, email_index(CAROL)
        db.session.commit()
        form_saved.send(form_id=recipients.form_id)
    assert recipients.statuses() == {CAROL: "active"}
    recipients.submit()
    assert recipients.mailed() == [CAROL]


def test_an_address_added_several_times_at_once_is_one_recipient(recipients: Recipients) -> None:
    def add(_: int) -> int:
        client = recipients.app.test_client()
        return client.post(recipients.path, json={"email": BOB}, headers=recipients.headers).status_code

    with ThreadPoolExecutor(5) as pool:
        assert set(pool.map(add, range(5))) == {201}
    assert recipients.statuses() == {OWNER: "active", BOB: "pending"}
    assert len(recipients.deliver()) <= invitations.MAX_PER_HOUR


def test_the_list_has_pages(recipients: Recipients) -> None:
    recipients.add()
    first = recipients.client.get(f"{recipients.path}?limit=1", headers=recipients.headers).json
    cursor = first["meta"]["next"]
    last = recipients.client.get(f"{recipients.path}?limit=1&cursor={cursor}", headers=recipients.headers).json
    assert [item["email"] for item in (*first["data"], *last["data"])] == [OWNER, BOB]
    assert last["meta"]["next"] is None


def test_changes_hold_at_once(recipients: Recipients) -> None:
    (owner,) = recipients.all()
    changes = {"content": "none", "files": "none", "when": [{"field": "topic", "is": "Sales"}]}
    changed = recipients.change(owner["id"], **changes, timezone="Europe/Vienna", weekday="friday", hour=0)
    assert {name: changed[name] for name in changes} == changes
    recipients.submit(topic="Support")
    assert recipients.deliver() == []
    recipients.submit(topic=" sales ")
    assert recipients.mailed() == [OWNER]
    assert recipients.change(owner["id"], when=None)["when"] is None


def test_conditions_name_fields_of_the_form(recipients: Recipients) -> None:
    recipients.form_id = make_form(recipients.app, OWNER, [{"name": "topic", "type": "text"}])
    refused = recipients.add(status=422, when=[{"field": "topic", "is": "a"}, {"field": "tpic", "is": "a"}])
    assert refused["codes"] == {"when.1.field": ["unknown_field"]}
    (owner,) = recipients.all()
    assert recipients.change(owner["id"], 422, when=[{"field": "x", "is": "a"}])["codes"].keys() == {"when.0.field"}


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"frequency": "monthly"}, "frequency"),
        ({"hour": 24}, "hour"),
        ({"weekday": "someday"}, "weekday"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"content": "all"}, "content"),
        ({"files": "yes"}, "files"),
        ({"when": [{"field": "a"}]}, "when.0.is"),
        ({"status": "active"}, "status"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_what_is_wrong_is_named(recipients: Recipients, values: dict[str, object], path: str) -> None:
    answer = recipients.client.post(recipients.path, json={"email": BOB, **values}, headers=recipients.headers)
    assert (answer.status_code, list(answer.json["errors"])) == (422, [path])


def test_a_form_has_at_most_twenty_besides_its_owner(recipients: Recipients) -> None:
    for number in range(service.MAX_RECIPIENTS):
        recipients.add(f"r{number}@example.com")
    assert recipients.add(status=403)["details"] == {"quota": "recipients", "limit": service.MAX_RECIPIENTS}


def test_adding_is_limited(recipients: Recipients) -> None:
    for _ in range(LIMITS["recipients"].rate.requests):  # type: ignore[union-attr]  # a rate, no setting
        recipients.add(OWNER)
    assert recipients.add(OWNER, status=429)["error_type"] == "RateLimitError"


def test_a_stranger_finds_nothing(recipients: Recipients, key_of: KeyOf) -> None:
    added = recipients.add()
    recipients.headers = key_of(recipients.app, "stranger@example.com")
    recipients.add(CAROL, status=404)
    recipients.change(added["id"], 404, hour=3)
    recipients.remove(added["id"], 404)
    assert recipients.client.get(recipients.path, headers=recipients.headers).status_code == 404


def test_acts_are_in_the_audit_trail_without_the_recipients_client(recipients: Recipients) -> None:
    added = recipients.add_confirmed()
    recipients.submit()
    (mail,) = [mail for mail in recipients.deliver() if mail["To"] == BOB]
    recipients.post(links(mail, "unsubscribe")[0])
    recipients.remove(added["id"])
    with recipients.app.app_context():
        events = db.session.scalars(select(Event).where(Event.name.like("recipient%")).order_by(Event.id)).all()
        assert [event.name.removeprefix("recipient_") for event in events] == [
            "added",
            "confirmed",
            "unsubscribed",
            "removed",
        ]
        assert [event.client is None for event in events] == [False, True, True, False]


def test_nobody_is_told_twice_who_became_the_owner(recipients: Recipients) -> None:
    recipients.add_confirmed(CAROL)
    with recipients.app.app_context(), write_session():
        values = {"email_index": email_index(CAROL)}
        account = db.session.scalars(select(Account)).one()
        account.email = CAROL
        db.session.flush()
        db.session.execute(update(Account).values(values))
        db.session.commit()
        form_saved.send(form_id=recipients.form_id)
    recipients.submit()
    assert recipients.mailed() == [CAROL]


def test_unreadable_conditions_send_nothing_to_whom_they_restricted(recipients: Recipients) -> None:
    recipients.add_confirmed(CAROL, when=[{"field": "topic", "is": "Sales"}])
    table: Any = Recipient.__table__
    with recipients.app.app_context(), write_session():
        db.session.execute(
            update(table).where(table.c.conditions.is_not(None)).values(conditions=literal_column("email"))
        )
        db.session.commit()
        form_saved.send(form_id=recipients.form_id)
    recipients.submit(topic="Other")
    assert recipients.mailed() == [OWNER]
    (shown,) = [item for item in recipients.all() if item["email"] == CAROL]
    assert shown["unreadable"]
