"""Each route of a form by role: who may, who is told that they may not, for whom it does not exist."""

import json
import uuid
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from forms_service.accounts.guards import Caller
from forms_service.database.transactions import write_session
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.forms.access import NEEDED, includes
from forms_service.forms.models import Form
from forms_service.inbox import undo
from forms_service.inbox.changes import Previous
from tests.conftest import MakeApp
from tests.support.accounts import Member as Person
from tests.support.console import Visitor
from tests.support.form_routes import FAR, NOT_OF_A_FORM, OF_A_FORM, FormRoute, name_of
from tests.support.members import ACCOUNT_ROLES, ADDRESSES, PAT, account_id_of, everybody, member_id_of, shared_form
from tests.support.stored import attach

ROLES = tuple(ADDRESSES)
OUTSIDERS = ("pending", "stranger")
CANNOT_HAVE_FORMS = "Your account cannot have forms. Ask the operator for the role owner."


class Stage:
    """A form with one of everything; each thing is made when a request needs it."""

    number, version = 1, 1

    def __init__(self, app: Flask, owner: Person) -> None:
        self.app, self.owner = app, owner
        self.form_id = shared_form(app)
        fields = [{"name": "name", "type": "text"}]
        assert owner.call("PATCH", f"/api/forms/{self.form_id}", fields=fields).status_code == 200

    @cached_property
    def submission_id(self) -> str:
        answer = self.owner.client.post(f"/f/{self.form_id}", json={"name": "Ann"})
        attach(self.app, answer.json["data"]["id"], "cv.pdf", b"%PDF-1.7")
        return str(answer.json["data"]["id"])

    @cached_property
    def recipient_id(self) -> str:
        return self._make(f"/api/forms/{self.form_id}/recipients", email="bob@example.com")

    @cached_property
    def webhook_id(self) -> str:
        return self._make(f"/api/forms/{self.form_id}/webhooks", **FAR)

    @cached_property
    def general_webhook_id(self) -> str:
        return self._make("/api/webhooks", **FAR)

    def delivery_id(self, webhook_id: str | None) -> str:
        """A delivery about the submission, made after the webhook that it goes to, if it goes to one."""
        about = self.submission_id
        with self.app.app_context():
            rows = db.session.execute(select(Message.id, Message.about, Message.target_id)).all()
        mine = [row for row in rows if str(row.about) == about]
        return next(str(row.id) for row in mine if webhook_id in (None, str(row.target_id)))

    @cached_property
    def member_id(self) -> str:
        return member_id_of(self.app, self.form_id, PAT)  # whoever is on the form may leave it

    def ids(self, rule: Rule) -> dict[str, Any]:
        """The arguments of a URL."""
        fixed = rule.defaults or {}
        names = {name: getattr(self, name) for name in rule.arguments - {"delivery_id", *fixed}}
        if fixed and "webhook_id" in names:
            names["webhook_id"] = self.general_webhook_id
        if "delivery_id" in rule.arguments:
            names["delivery_id"] = self.delivery_id(names.get("webhook_id"))
        return {**names, **fixed}

    def undo_token(self, email: str) -> str:
        """The token of somebody who has archived the submission."""
        previous = Previous(uuid.UUID(self.submission_id), "inbox", False, False)
        with self.app.test_request_context():
            caller = Caller(account_id_of(self.app, email), "owner")
            return undo.sign(undo.Act(self.form_id, {"status": "archived"}, [previous]), caller)

    def begin_erasure(self) -> None:
        with self.app.app_context(), write_session():
            db.session.execute(update(Form).where(Form.id == self.form_id).values(deleted_at=Form.created_at))
            db.session.commit()

    def _make(self, path: str, **body: Any) -> str:
        answer = self.owner.call("POST", path, **body)
        assert answer.status_code == 201, answer.text
        return str(answer.json["data"]["id"])


class Cast:
    """Everybody, at a program and at a browser."""

    def __init__(self, app: Flask) -> None:
        self.app, self.people = app, everybody(app)
        self.visitors = {role: Visitor(app) for role in ROLES}
        for role, visitor in self.visitors.items():
            assert visitor.sign_in(ADDRESSES[role]).status_code == 303
        self.tokens = {role: visitor.token("/console") for role, visitor in self.visitors.items()}

    def stage(self, endpoint: str) -> Stage:
        stage = Stage(self.app, self.people["owner"])
        if endpoint == "inbox.erasure":
            stage.begin_erasure()
        return stage

    def request(self, rule: Rule, stage: Stage, role: str) -> TestResponse:
        (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        route = OF_A_FORM[name_of(rule)]
        path = self.app.url_map.bind("localhost").build(rule.endpoint, stage.ids(rule), method)
        path += route.query.format(form_id=stage.form_id)
        body = fill(dict(route.body), stage, role)
        if rule.rule.startswith("/api/"):
            return self.people[role].call(method, path, **body)
        visitor = self.visitors[role]
        return visitor.get(path) if method == "GET" else visitor.post(path, {**body, "csrf_token": self.tokens[role]})


def fill(body: dict[str, Any], stage: Stage, role: str) -> dict[str, Any]:
    """The body with the ids of the stage."""
    text = json.dumps(body)
    if "{submission_id}" in text:
        text = text.replace("{submission_id}", stage.submission_id)
    if "{undo_token}" in text:
        text = text.replace("{undo_token}", stage.undo_token(ADDRESSES[role]))
    filled: dict[str, Any] = json.loads(text)
    return filled


def may(route: FormRoute, role: str) -> bool:
    if route.only:
        return role in route.only
    return role not in OUTSIDERS and includes(role, route.needed) and not (route.makes_a_form and is_user(role))


def is_user(role: str) -> bool:
    """Whether their account may have no forms."""
    return ADDRESSES[role] not in ACCOUNT_ROLES


def rules(app: Flask) -> Iterator[Rule]:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(("/api/", "/console")):
            yield rule


@pytest.fixture
def crowd(make_app: MakeApp) -> Cast:
    return Cast(make_app(RATE_LIMIT_ENABLED="false", BACKGROUND_WORK="outside"))


def test_each_route_is_named_here(app: Flask) -> None:
    endpoints = {name_of(rule) for rule in rules(app)}
    assert endpoints == {*OF_A_FORM, *NOT_OF_A_FORM}, "name new routes in tests/support/form_routes.py"
    assert not set(OF_A_FORM) & NOT_OF_A_FORM
    ids = ("form_id", "submission_id", "recipient_id", "webhook_id", "delivery_id", "member_id")
    others = [rule for rule in rules(app) if name_of(rule) in NOT_OF_A_FORM]
    assert not [rule.rule for rule in others if set(ids) & rule.arguments - set(rule.defaults or ())]


AREAS = ("api", "console", "webhooks of a form", "webhooks of all forms")
"""An account may not have as many webhooks as the whole walk needs."""


def area_of(rule: Rule) -> str:
    if rule.endpoint.startswith("console_webhooks."):
        return AREAS[3] if rule.defaults else AREAS[2]
    return AREAS[1] if rule.rule.startswith("/console") else AREAS[0]


@pytest.mark.parametrize("area", AREAS)
def test_each_route_by_role(crowd: Cast, area: str) -> None:
    wrong: list[Any] = []
    for rule in rules(crowd.app):
        if name_of(rule) in OF_A_FORM and area_of(rule) == area:
            wrong += [problem for problem in walk(crowd, rule) if problem]
    assert wrong == []


def walk(crowd: Cast, rule: Rule) -> Iterator[Any]:
    """The roles for which a route does not answer as it should; who may not comes first, to the same things."""
    route, stage = OF_A_FORM[name_of(rule)], crowd.stage(rule.endpoint)
    for role in sorted(ROLES, key=lambda role: may(route, role)):
        if may(route, role) and "GET" not in (rule.methods or ()):
            stage = crowd.stage(rule.endpoint)
        answer = crowd.request(rule, stage, role)
        answer.get_data()  # read to its end, or a stream keeps its context
        yield check(name_of(rule), role, answer)


def check(name: str, role: str, answer: TestResponse) -> Any:
    route = OF_A_FORM[name]
    if may(route, role):
        return None if answer.status_code in (200, 201, 202, 303) else (name, role, answer.status_code, answer.text)
    if route.makes_a_form and answer.status_code == 403:
        return None if CANNOT_HAVE_FORMS in answer.text and is_user(role) else (name, role, answer.text)
    if role in OUTSIDERS or route.is_hidden:
        return None if answer.status_code == 404 else (name, role, answer.status_code)
    sentence = NEEDED[route.needed].format(role=role)
    return None if answer.status_code == 403 and sentence in answer.text else (name, role, answer.status_code)
