"""A form with its owner and people of every role, in the database as acceptance leaves them there."""

import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.forms.models import MEMBER_ROLES, Member
from tests.support.accounts import Member as Person
from tests.support.stored import make_form

OLGA, MAX, EVA, VERA = "olga@example.com", "max@example.com", "eva@example.com", "vera@example.com"
"""Owner, manager, editor, viewer."""

PAT, SAM, OTTO = "pat@example.com", "sam@example.com", "otto@example.com"
"""Invited but not yet a member, a stranger, an operator."""

ADDRESSES = {
    "owner": OLGA,
    "manager": MAX,
    "editor": EVA,
    "viewer": VERA,
    "pending": PAT,
    "stranger": SAM,
    "operator": OTTO,
}
"""Role on the form → address."""

ACCOUNT_ROLES = {OLGA: "owner", MAX: "owner", SAM: "owner", OTTO: "operator"}
"""The others have the role `user`."""


def everybody(app: Flask) -> dict[str, Person]:
    """All of them, signed in, by their role on the forms that `shared_form` makes."""
    return {role: Person(app, email, ACCOUNT_ROLES.get(email, "user")) for role, email in ADDRESSES.items()}


def shared_form(app: Flask, **settings: Any) -> str:
    """A form of Olga's with all members; its id."""
    form_id = make_form(app, OLGA, **settings)
    for role in MEMBER_ROLES:
        add_member(app, form_id, ADDRESSES[role], role)
    add_member(app, form_id, PAT, "manager", status="pending")
    return form_id


def add_member(app: Flask, form_id: str, email: str, role: str = "viewer", status: str = "active") -> str:
    """A member in the database; the id."""
    with app.app_context(), write_session():
        account_id = db.session.scalar(select(Account.id).where(Account.email_index == email_index(email)))
        member = Member(form_id=form_id, email_index=email_index(email), role=role, status=status)
        if status == "active":
            member.account_id, member.accepted_at = account_id, now()
        else:
            member.email = email
        db.session.add(member)
        db.session.flush()
        member_id = str(member.id)
        db.session.commit()
    return member_id


def member_id_of(app: Flask, form_id: str, email: str) -> str:
    with app.app_context():
        query = select(Member.id).outerjoin(Account, Account.id == Member.account_id)
        index = email_index(email)
        is_theirs = (Account.email_index == index) | (Member.email_index == index)
        return str(db.session.scalars(query.where(Member.form_id == form_id, is_theirs)).one())


class Team:
    """The members of one form, through the API."""

    def __init__(self, app: Flask, owner: Person, form_id: str) -> None:
        self.app, self.owner, self.form_id = app, owner, form_id

    @property
    def path(self) -> str:
        return f"/api/forms/{self.form_id}/members"

    def invite(self, email: str, role: str = "viewer", by: Person | None = None) -> TestResponse:
        return (by or self.owner).call("POST", self.path, email=email, role=role)

    def hand_over(self, email: str, by: Person | None = None) -> TestResponse:
        return (by or self.owner).call("POST", f"/api/forms/{self.form_id}/transfer", email=email)

    def roles(self, by: Person | None = None) -> dict[str, tuple[str, str]]:
        """Address → role and status, as somebody sees them."""
        answer = (by or self.owner).call("GET", self.path)
        assert answer.status_code == 200, answer.text
        return {member["email"]: (member["role"], member["status"]) for member in answer.json["data"]}

    def id_of(self, email: str) -> str:
        return member_id_of(self.app, self.form_id, email)


def role_on(person: Person, form_id: str) -> str | None:
    """The role that the API says somebody has on a form; None where it does not exist for them."""
    answer = person.call("GET", f"/api/forms/{form_id}")
    return str(answer.json["data"]["role"]) if answer.status_code == 200 else None


def account_id_of(app: Flask, email: str) -> uuid.UUID:
    with app.app_context():
        return db.session.scalars(select(Account.id).where(Account.email_index == email_index(email))).one()


@pytest.fixture
def people(app: Flask) -> dict[str, Person]:
    """Everybody, signed in."""
    return everybody(app)


@pytest.fixture
def team(app: Flask, people: dict[str, Person]) -> Team:
    """A form of Olga's with members of each role."""
    return Team(app, people["owner"], shared_form(app))
