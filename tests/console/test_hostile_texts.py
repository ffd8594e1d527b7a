"""Whatever text people put into names, labels, settings and values is text on every page of the console."""

import json
import re
import uuid
from html.parser import HTMLParser
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.accounts.models import Account, ApiKey
from forms_service.database.transactions import write_session
from forms_service.delivery.models import Attempt, Message, Suppression
from forms_service.extensions import db
from forms_service.submissions.events import EVENTS
from tests.conftest import KeyOf, MakeApp
from tests.support.console import Visitor
from tests.support.members import add_member
from tests.support.stored import OWNER, attach, make_form, submit

NEEDLE = "zqx"
PRODUCT = str(3_133_713_371 * 3)
TEMPLATES = "{{3133713371*3}}${3133713371*3}#{3133713371*3}<%=3133713371*3%>"
ESSENCE = (
    f"\"'><{NEEDLE} on{NEEDLE}=1 hx-get=/{NEEDLE}>" + TEMPLATES,
    f'javascript:{NEEDLE}()//\' {NEEDLE}=1 on{NEEDLE}="1" data-hx-get=`/{NEEDLE}`',
    f"</title></textarea></script></style></option></select>--><{NEEDLE}>",
    f"]]><!--<script>{NEEDLE}\u2028\u2029\u202e\ufeff&lt;{NEEDLE}&gt;&#60;{NEEDLE}>",
)
SAFE_URL = re.compile(r"/|#|\?|https?://|data:image/svg\+xml;|mailto:|$")


class Page(HTMLParser):
    """Collects what a browser would obey although people typed it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.obeyed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        self.obeyed += [word for word in (tag, *names) if NEEDLE in word]
        self.obeyed += [name for name in names if name.startswith(("on", "style", "srcdoc", "data-hx"))]
        for name, value in attrs:
            if name in ("href", "src", "action", "formaction") and not SAFE_URL.match(value or ""):
                self.obeyed.append(f"{name}={value}")
        if (tag == "script" or any(name.startswith("hx-") for name in names)) and not {"nonce", "hx-nonce"} & {*names}:
            self.obeyed.append(f"{tag} without a nonce")


def fields_of(text: str) -> list[dict[str, Any]]:
    texts = {"label": text, "help": text}
    return [
        {"name": text[:200], "type": "text", **texts},
        {"name": "choice", "type": "select", "choices": [text, {"value": f"v{text}", "label": text}], **texts},
        {"name": "several", "type": "multiselect", "choices": [f"m{text}"], **texts},
        {"name": "email", "type": "email", **texts},
        {"name": "cv", "type": "file", **texts},
        {"name": "terms", "type": "consent", "label": f"[{text.replace(']', '')}](https://a.example/{NEEDLE})"},
    ]


class Scene:
    """An operator's form that is full of a text, with one of everything that pages show."""

    def __init__(self, app: Flask, key: dict[str, str], text: str) -> None:
        self.app, self.key, self.text, self.client = app, key, text, app.test_client()
        self.form_id = make_form(app, OWNER)
        plain = re.sub("[{}]", "", text)  # else names of fields
        thanks = {"title": text, "text": text}
        language = {"name": text, "labels": {"choice": text}, "closed_text": text, "thanks": thanks}
        settings = {
            "thanks": thanks,
            "closed_text": text,
            "honeypot": f"h{text[:60]}",
            "challenge": "turnstile",
            "challenge_site_key": text[:100],
            "challenge_secret": "secret",
            "reply": {"subject": plain, "text": plain},
            "subject": plain,
            "blocklist": {"words": [text[:90]]},
            "languages": {"de": language},
        }
        self._call("PATCH", f"/api/forms/{self.form_id}", name=text[:200], fields=fields_of(text), settings=settings)
        data = {text: text, "choice": text, "email": f"{text}@example.com", "more": [text, text]}
        control = json.dumps({"_subject": text, text: text})
        self.submission_id = submit(app, self.form_id, data, control=control, client=text, form_version=2)
        attach(app, self.submission_id, text, b"%PDF-1.7 shown", field=text)
        when = [{"field": "choice", "is": text}]
        self.recipient_id = self._make("recipients", email="bob@example.com", when=when)
        hook = {"description": text[:200], "when": when, "format": "custom", "template": {plain: plain}}
        self.webhook_id = self._make("webhooks", url=f"https://93.184.215.14/{NEEDLE}", events=list(EVENTS), **hook)
        add_member(app, self.form_id, "carol@example.com")
        self.number = 1
        with app.app_context(), write_session():
            self._fill_tables(text)
            self.account_id = db.session.scalars(select(Account.id)).first()
            db.session.commit()

    def _fill_tables(self, text: str) -> None:
        for account in db.session.scalars(select(Account)):
            account.first_name = account.last_name = text[:90]
        for api_key in db.session.scalars(select(ApiKey)):
            api_key.name = text
        values = {"address": f"{text}@example.com", "reason": "operator", "detail": text}
        db.session.add(Suppression(address_index=bytes(32), **values))
        about = {"channel": "webhook", "about": uuid.UUID(self.submission_id), "target_index": bytes(32)}
        hook_id = uuid.UUID(self.webhook_id)
        message = Message(kind="submission.created", target=text, target_id=hook_id, state="failed", **about)
        db.session.add(message)
        db.session.flush()
        db.session.add(Attempt(message_id=message.id, channel="webhook", outcome="failed", status=500, answer=text))

    def _call(self, method: str, path: str, **body: Any) -> Any:
        answer = self.client.open(path, method=method, json=body, headers=self.key)
        assert answer.status_code in (200, 201), answer.text
        return answer.json["data"]

    def _make(self, what: str, **body: Any) -> str:
        return str(self._call("POST", f"/api/forms/{self.form_id}/{what}", **body)["id"])

    def paths(self) -> list[str]:
        """Every page of the console that a browser can open."""
        rules = [rule for rule in self.app.url_map.iter_rules() if rule.rule.startswith("/console")]
        paths = [
            re.sub(r"<(?:[^<>:]*:)?(\w+)>", lambda match: str(getattr(self, match[1])), rule.rule)
            for rule in rules
            if "GET" in (rule.methods or ()) and not rule.rule.startswith("/console/webhooks/<")
        ]
        share = f"/console/forms/{self.form_id}/share?way="
        return [*paths, *(share + way for way in ("script", "react", "curl", "link", "embed", "frame"))]


@pytest.mark.parametrize("text", ESSENCE)
def test_it_is_no_markup_on_any_page(make_app: MakeApp, key_of: KeyOf, text: str) -> None:
    app = make_app(RATE_LIMIT_ENABLED="false", BACKGROUND_WORK="outside")
    scene = Scene(app, key_of(app, OWNER, role="operator"), text)
    visitor = Visitor(app)
    assert visitor.sign_in(OWNER).status_code == 303
    showing = 0
    for path in scene.paths():
        answer = visitor.get(path)
        assert answer.status_code == 200 or path == "/console/sign-in", (path, answer.text)
        if answer.mimetype != "text/html":
            answer.get_data()
            continue
        showing += NEEDLE in answer.text
        assert Page(answer.text).obeyed == [], path
        assert PRODUCT not in answer.text, path
    assert showing >= 30
