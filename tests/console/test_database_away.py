"""The database goes while somebody has the console open."""

from flask import Flask
from werkzeug.test import TestResponse

from tests.conftest import MakeApp
from tests.support.accounts import PASSWORD
from tests.support.api_keys import make_key
from tests.support.console import Visitor
from tests.support.postgres_proxy import PostgresProxy
from tests.support.stored import OWNER, make_form, submit


def pages(app: Flask, form: str, submission: str) -> list[str]:
    names = {"form_id": form, "submission_id": submission}
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/console")]
    return [
        app.url_map.bind("localhost").build(rule.endpoint, {name: names[name] for name in rule.arguments}, "GET")
        for rule in rules
        if "GET" in (rule.methods or ()) and not rule.defaults and rule.arguments <= names.keys()
    ]


def says_when_to_come_back(answer: TestResponse) -> bool:
    return (answer.status_code, answer.mimetype) == (503, "text/html") and "Retry-After" in answer.headers


def test_each_page_and_form_says_so_and_when_to_come_back(make_app: MakeApp, postgres_url: str) -> None:
    proxy = PostgresProxy(postgres_url)
    app = make_app(DATABASE_URL=proxy.url, RATE_LIMIT_ENABLED="false", BACKGROUND_WORK="outside")
    make_key(app, OWNER, role="operator")
    form = make_form(app)
    paths = pages(app, form, submit(app, form))
    visitor = Visitor(app)
    assert visitor.sign_in().status_code == 303
    token = {"csrf_token": visitor.token("/console")}
    proxy.stop()
    answers = {path: visitor.get(path) for path in paths}
    assert len(answers) > 25
    assert {path: answer.status_code for path, answer in answers.items() if not says_when_to_come_back(answer)} == {}
    assert says_when_to_come_back(visitor.post(f"/console/forms/{form}/settings", {**token, "name": "Contact"}))
    assert says_when_to_come_back(visitor.post("/console/sign-in", {**token, "email": OWNER, "password": PASSWORD}))
