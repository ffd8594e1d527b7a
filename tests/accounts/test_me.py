"""Own account: show, change, export, erase."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from forms_service import signals
from forms_service.accounts import administration, cleanup, service
from forms_service.accounts.models import Account, Event, RefreshToken, Session, Token
from forms_service.database.types import now
from forms_service.delivery.models import Message
from forms_service.extensions import db
from tests.accounts.test_sessions import change
from tests.conftest import MakeApp
from tests.support.accounts import BROWSER, PASSWORD, Member, bearer, login, mails, token_in

NEW = "Battery-staple-8"
WRONG = {"password": ["wrong_password"]}


@pytest.fixture
def ann(app_on_each_db: Flask) -> Member:
    return Member(app_on_each_db)


def names_of(person: Member) -> list[str]:
    return [event["name"] for event in person.call("GET", "/api/me/events?limit=100").json["data"]]


class TestProfile:
    """Name and phone."""

    def test_omitted_fields_stay(self, ann: Member) -> None:
        changed = ann.call("PATCH", "/api/me", last_name="Exemplar", phone="+49 170 1234567").json["data"]
        assert (changed["first_name"], changed["last_name"], changed["phone"]) == ("Ann", "Exemplar", "+491701234567")
        answer = ann.client.patch("/api/me", json={"phone": None}, headers=ann.headers)
        assert answer.json["data"]["phone"] is None
        assert ann.call("GET", "/api/me").json["data"] == answer.json["data"]
        assert names_of(ann)[0] == "profile_changed"

    def test_invalid_fields_are_named(self, ann: Member) -> None:
        answer = ann.call("PATCH", "/api/me", first_name="A", role="operator", email="eve@example.com")
        assert answer.status_code == 422
        assert answer.json["codes"] == {"first_name": ["too_short"], "role": ["unknown"], "email": ["unknown"]}


class TestPassword:
    """Changing it."""

    def test_ends_other_sessions_and_notifies_the_holder(self, ann: Member, app_on_each_db: Flask) -> None:
        other = ann.sign_in()
        assert ann.call("POST", "/api/me/password", password=PASSWORD, new_password=NEW).status_code == 200
        assert ann.call("GET", "/api/me").status_code == 200
        assert ann.client.get("/api/me", headers=bearer(other["access_token"])).status_code == 401
        assert login(ann.client, ann.email).status_code == 401
        assert login(ann.client, ann.email, NEW).status_code == 200
        assert [mail["to"] for mail in mails(app_on_each_db, "password_changed")] == ["ann@example.com"]

    def test_requires_the_current_password_and_a_strong_new_one(self, ann: Member) -> None:
        wrong = ann.call("POST", "/api/me/password", password="Wrong-horse-7", new_password=NEW)
        assert (wrong.status_code, wrong.json["codes"]) == (422, WRONG)
        common = ann.call("POST", "/api/me/password", password=PASSWORD, new_password="Password1!")
        assert (common.status_code, common.json["codes"]) == (422, {"new_password": ["too_common"]})

    def test_guesses_from_a_stolen_session_are_limited(self, make_app: MakeApp) -> None:
        ann = Member(make_app(LOGIN_RATE_LIMIT="3/900"))
        paths = ["/api/me/password", "/api/me/email", "/api/me/password", "/api/me/email"]
        bodies: dict[str, dict[str, Any]] = {
            "/api/me/password": {"password": "Wrong-horse-7", "new_password": NEW},
            "/api/me/email": {"password": "Wrong-horse-7", "email": "eve@example.com"},
        }
        assert [ann.call("POST", path, **bodies[path]).status_code for path in paths] == [422, 422, 422, 429]
        assert ann.call("DELETE", "/api/me", password=PASSWORD).status_code == 429


class TestEmail:
    """Changing the address."""

    def test_is_confirmed_by_a_link_and_the_old_address_is_notified(self, ann: Member, app_on_each_db: Flask) -> None:
        answer = ann.call("POST", "/api/me/email", password=PASSWORD, email="ann@new.example")
        assert answer.status_code == 202
        assert [(mail["kind"], mail["to"]) for mail in mails(app_on_each_db)] == [
            ("new_address", "ann@new.example"),
            ("address_changing", "ann@example.com"),
        ]
        assert ann.call("GET", "/api/me").json["data"]["email"] == "ann@example.com"
        token = token_in(mails(app_on_each_db, "new_address")[0])
        assert ann.client.post("/api/me/email/confirm", json={"token": token}).status_code == 200
        assert ann.call("GET", "/api/me").status_code == 401
        assert login(ann.client, "ann@example.com").status_code == 401
        assert login(ann.client, "ann@new.example").status_code == 200
        recipients = {mail["to"] for mail in mails(app_on_each_db, "address_changed")}
        assert recipients == {"ann@example.com", "ann@new.example"}
        assert ann.client.post("/api/me/email/confirm", json={"token": token}).status_code == 422

    def test_does_not_reveal_other_accounts(self, ann: Member, app_on_each_db: Flask) -> None:
        Member(app_on_each_db, "bob@example.com")
        existing = ann.call("POST", "/api/me/email", password=PASSWORD, email="bob@example.com")
        free = ann.call("POST", "/api/me/email", password=PASSWORD, email="eve@example.com")
        assert (existing.status_code, existing.data) == (free.status_code, free.data)
        assert [mail["to"] for mail in mails(app_on_each_db, "already_registered")] == ["bob@example.com"]
        assert [mail["to"] for mail in mails(app_on_each_db, "new_address")] == ["eve@example.com"]

    def test_an_address_taken_meanwhile_is_a_conflict(self, ann: Member, app_on_each_db: Flask) -> None:
        ann.call("POST", "/api/me/email", password=PASSWORD, email="bob@example.com")
        Member(app_on_each_db, "bob@example.com")
        token = token_in(mails(app_on_each_db, "new_address")[0])
        assert ann.client.post("/api/me/email/confirm", json={"token": token}).status_code == 409
        assert ann.call("GET", "/api/me").json["data"]["email"] == "ann@example.com"

    def test_requires_the_current_password(self, ann: Member) -> None:
        answer = ann.call("POST", "/api/me/email", password="Wrong-horse-7", email="eve@example.com")
        assert (answer.status_code, answer.json["codes"]) == (422, WRONG)

    def test_the_page_behind_the_link_acts(self, ann: Member, app_on_each_db: Flask) -> None:
        ann.call("POST", "/api/me/email", password=PASSWORD, email="ann@new.example")
        mail = mails(app_on_each_db, "new_address")[0]
        page = ann.client.get(mail["link"].removeprefix("http://127.0.0.1:5000"))
        assert (page.status_code, token_in(mail) in page.text) == (200, True)
        done = ann.client.post("/api/me/email/confirm", data={"token": token_in(mail)}, headers=BROWSER)
        assert (done.status_code, done.headers["Location"]) == (303, "/new-address/done")
        again = ann.client.post("/api/me/email/confirm", data={"token": token_in(mail)}, headers=BROWSER)
        assert (again.status_code, again.mimetype) == (422, "text/html")


class TestExport:
    """Everything in one document."""

    def test_contains_all_account_data_and_parts_of_other_packages(self, ann: Member) -> None:
        def add(_: object, account_id: Any, document: dict[str, Any]) -> None:
            document["letters"] = [{"owner": str(account_id)}]

        with signals.account_exporting.connected_to(add):
            document = ann.call("GET", "/api/me/export").json["data"]
        assert list(document)[:4] == ["account", "sessions", "keys", "events"]
        assert document["account"]["email"] == "ann@example.com"
        assert document["sessions"][0]["client"] == "127.0.0.1"
        assert {event["name"] for event in document["events"]} == {"exported", "signed_in", "account_created"}
        assert document["letters"] == [{"owner": ann.id}]
        assert {"forms", "submissions"} < set(document)
        assert "password" not in str(document)


class TestErasing:
    """Leaving."""

    def test_erases_everything_but_the_bare_events(self, ann: Member, app_on_each_db: Flask) -> None:
        bob = Member(app_on_each_db, "bob@example.com")
        ann.client.post("/api/password/forgot", json={"email": ann.email})
        events: list[str] = []

        def erasing(_: object, account_id: Any) -> None:
            events.append(f"erasing {account_id} of {db.session.scalar(select(func.count()).select_from(Account))}")

        def deleted(_: object, account_id: Any) -> None:
            events.append(f"deleted {account_id} of {db.session.scalar(select(func.count()).select_from(Account))}")

        with signals.account_erasing.connected_to(erasing), signals.account_deleted.connected_to(deleted):
            wrong = ann.call("DELETE", "/api/me", password="Wrong-horse-7")
            assert (wrong.status_code, wrong.json["codes"]) == (422, WRONG)
            assert ann.call("DELETE", "/api/me", password=PASSWORD).status_code == 200
        assert events == [f"erasing {ann.id} of 2", f"deleted {ann.id} of 1"]
        assert ann.call("GET", "/api/me").status_code == 401
        assert login(ann.client, ann.email).status_code == 401
        assert bob.call("GET", "/api/me").status_code == 200
        with app_on_each_db.app_context():
            for kind in (Session, RefreshToken):
                assert db.session.scalar(select(func.count()).select_from(kind)) == 1, "Bob's"
            for empty in (Token, Message):
                assert db.session.scalar(select(func.count()).select_from(empty)) == 0
            trail = db.session.scalars(select(Event).where(Event.client.is_(None))).all()
            assert {event.name for event in trail} >= {"signed_in", "password_forgotten", "erased"}
            assert all(event.details is None for event in trail if str(event.account_id) == ann.id)

    def test_nothing_is_erased_when_a_signal_handler_fails(self, app: Flask) -> None:
        ann = Member(app)

        def fails(_: object, **details: Any) -> None:
            raise RuntimeError("no")

        with signals.account_erasing.connected_to(fails):
            assert ann.call("DELETE", "/api/me", password=PASSWORD).status_code == 500
        assert ann.call("GET", "/api/me").status_code == 200


class TestTrail:
    """The audit trail and its retention."""

    def test_lists_events_with_client_addresses(self, ann: Member) -> None:
        login(ann.client, ann.email, "Wrong-horse-7")
        ann.call("PATCH", "/api/me", first_name="Anna")
        ann.call("GET", "/api/me/export")
        assert names_of(ann) == ["exported", "profile_changed", "sign_in_failed", "signed_in", "account_created"]
        shown = ann.call("GET", "/api/me/events").json["data"]
        assert [event["client"] for event in shown] == ["127.0.0.1"] * 4 + [None], "a command has no client"

    def test_comes_in_pages(self, ann: Member) -> None:
        names: list[str] = []
        path = "/api/me/events?limit=1"
        while True:
            answer = ann.call("GET", path).json
            names += [event["name"] for event in answer["data"]]
            if answer["meta"]["next"] is None:
                break
            path = f"/api/me/events?limit=1&cursor={answer['meta']['next']}"
        assert names == ["signed_in", "account_created"]

    def test_contains_operator_commands(self, app: Flask) -> None:
        ann = Member(app)
        with app.app_context():
            assert [account.email for account in service.list_accounts()] == ["ann@example.com"]
            administration.disable("ann@example.com")
            events = db.session.execute(select(Event.name, Event.account_id).order_by(Event.id)).all()
        entries = [(name, str(account_id)) for name, account_id in events]
        assert ("accounts_listed", "None") in entries
        assert ("account_disabled", ann.id) in entries

    def test_addresses_in_it_are_encrypted(self, app: Flask, client: FlaskClient) -> None:
        login(client, "nobody@example.com")
        with app.app_context():
            raw = db.session.execute(db.text("SELECT client FROM events")).scalars().all()
        assert raw
        assert b"127.0.0.1" not in b"".join(raw)

    def test_old_events_are_deleted_by_the_cleanup(self, make_app_on_each_db: MakeApp) -> None:
        app = make_app_on_each_db(AUDIT_RETENTION_DAYS="30")
        ann = Member(app)
        old = ann.sign_in()
        ann.client.post("/api/password/forgot", json={"email": ann.email})
        change(app, update(Event).where(Event.name == "account_created").values(at=now() - timedelta(days=31)))
        change(app, update(Token).values(expires_at=now() - timedelta(seconds=1)))
        with app.app_context():
            newest = select(Session.id).order_by(Session.id.desc()).limit(1).scalar_subquery()
        change(app, update(Session).where(Session.id == newest).values(expires_at=now() - timedelta(seconds=1)))
        with app.app_context():
            cleanup.delete_expired()
            left = [db.session.scalar(select(func.count()).select_from(kind)) for kind in (Session, Token)]
        assert left == [1, 0]
        assert "account_created" not in names_of(ann)
        assert ann.client.get("/api/me", headers=bearer(old["access_token"])).status_code == 401
