"""A started service with an owner, forms and submissions like those of real life, for pictures and tests."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from flask import Flask

from tests.conftest import QUICK
from tests.support import servers
from tests.support.api_keys import make_key
from tests.support.definitions import PDF
from tests.support.servers import Server
from tests.support.stored import OWNER, attach, make_form, submit

FIELDS: list[dict[str, Any]] = [
    {"name": "name", "type": "text", "label": "Name", "required": True},
    {"name": "email", "type": "email", "label": "E-mail address", "required": True},
    {
        "name": "topic",
        "type": "select",
        "label": "What is it about?",
        "choices": ["A question", "A project", "A fault", "Something else"],
    },
    {"name": "message", "type": "textarea", "label": "Message", "required": True, "help": "As much as you like."},
    {"name": "cv", "type": "file", "label": "A file, if it helps", "accept": ".pdf, image/*"},
    {"name": "agreed", "type": "consent", "label": "I agree to the [privacy policy](https://example.com/privacy)."},
]
PEOPLE = [
    ("Ann Example", "ann@example.com", "Could you send me an offer for thirty people on 12 March?"),
    ("محمد بن عبد الله", "mohammed@example.com", "أود معرفة المزيد عن خدماتكم وأسعاركم، شكرًا جزيلًا لكم."),
    ("山田太郎", "taro.yamada@example.com", "資料請求をお願いいたします。来月の見学会にも参加したいと思っています。"),
    ("Zoë Müller-Lüdenscheidt", "zoe@example.com", "The link in your last newsletter leads to a page that is gone."),
    ("Jean-François d’Aubigné", "jf@example.com", "Bonjour,\n\nserait-il possible de visiter l’atelier samedi ?"),
    ("Priya Raghunathan", "priya@example.com", "Loved the workshop! Is there a follow-up in spring?"),
    ("Donaudampfschifffahrtsgesellschaft mbH", "office@donaudampf.example", "Please call us back."),
    ("O", "o@example.com", "?"),
]
SPAM = ("Best SEO", "seo@example.com", "Buy 10,000 visitors now http://a.example http://b.example http://c.example")
LONG_NAME = "Registration for the annual meeting of the regional societies"
"""60 characters."""


class SampleService:
    """Serves until `stop()`; everything belongs to OWNER, whose key `headers` has."""

    def __init__(self, folder: Path, forms: int = 4, role: str = "operator", **settings: str) -> None:
        environment = {**QUICK, "RATE_LIMIT_ENABLED": "false", **settings}
        with servers.filled(folder, environment) as app:
            self.app, self.headers = app, make_key(app, OWNER, role=role)
            self.form, self.submission = fill(app)
            self._rename(app, self.form, "Contact")
            self.others = [self._add_form(app, number) for number in range(forms - 1)]
        self.server = Server(folder, environment)
        self.url = self.server.url

    def _add_form(self, app: Flask, number: int) -> str:
        form = make_form(app, OWNER, FIELDS, closed=number % 3 == 2)
        self._rename(app, form, LONG_NAME if number == 0 else ("طلب انضمام", "お問い合わせ")[number % 2] + f" {number}")
        for day in range(number % 5):
            submit(app, form, {"name": "Ann"}, created_at=datetime.now(UTC) - timedelta(days=day))
        return form

    def _rename(self, app: Flask, form: str, name: str) -> None:
        answer = app.test_client().patch(f"/api/forms/{form}", json={"name": name}, headers=self.headers)
        assert answer.status_code == 200

    def stop(self) -> None:
        self.server.stop()


def fill(app: Flask) -> tuple[str, str]:
    """Make the form "Contact" with submissions of two months; its id, and that of the newest submission."""
    form = make_form(app, OWNER, FIELDS)
    chance = Random(7)
    newest = ""
    for number in range(40, 0, -1):
        name, email, message = PEOPLE[number % len(PEOPLE)]
        data: dict[str, Any] = {"name": name, "email": email, "topic": chance.choice(FIELDS[2]["choices"])}
        sent_at = datetime.now(UTC) - timedelta(hours=number * number / 2, minutes=chance.randrange(60))
        read, status = number > 4, "archived" if number % 7 == 0 else "inbox"
        values = {"created_at": sent_at, "read": read, "status": status, "people": [email]}
        newest = submit(app, form, {**data, "message": message, "agreed": "on"}, **values)
    for number in range(12):
        data = dict(zip(("name", "email", "message"), SPAM, strict=True))
        at = datetime.now(UTC) - timedelta(hours=6 * number)
        submit(app, form, data, status="spam", spam_reasons="links blocklist", created_at=at)
    attach(app, newest, "Floor plan – second draft (final).pdf", PDF)
    return form, newest
