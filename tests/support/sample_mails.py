"""A notification with everything that is hard to show: 30 fields, long words, many scripts, emoji, markup, files."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from flask import Flask

from forms_service.database.types import new_id, now
from forms_service.delivery import digests, payloads
from forms_service.delivery.mail_rendering import render_mail
from forms_service.delivery.message import OutgoingMessage
from forms_service.delivery.payloads import MessageRef
from forms_service.extensions import db
from forms_service.notifications import submission_mail
from forms_service.notifications.mail_options import MailOptions
from tests.support import servers
from tests.support.mails import html_of
from tests.support.stored import attach, submit
from tests.support.visitors import OWNER, form_for

QUICK = {"ENVIRONMENT": "testing", "BCRYPT_ROUNDS": "4", "PUBLIC_URL": "https://forms.example.com"}
NAME = "Summer academy 2026: registration for the workshops in Vienna and Cluj-Napoca"
LONG_WORD = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"

ANSWERS: tuple[tuple[str, str, Any], ...] = (
    ("name", "Your name", "Wolfeschlegelsteinhausenbergerdorff-Fernández de la Vega y Villanueva"),
    ("email", "E-mail address", "hubert.wolfeschlegelsteinhausenbergerdorff@very-long-subdomain.university.example"),
    ("phone", "Telephone", "+43 1 23456789"),
    ("topics", "Workshops", ["design", "print", "type"]),
    ("start", "Arrival", "2026-07-18"),
    (
        "message",
        "What do you expect of the week?",
        "Dear team,\n\nI hope for\n  - letters that last\n  - ink\n\nHubert",
    ),
    ("arabic", "الاسم الكامل", "محمد بن عبد الله الخوارزمي، أستاذ الرياضيات في بغداد"),
    ("mixed", "العنوان", "شارع Hauptstraße 12/3، فيينا 1010"),
    ("hebrew", "הערות", "שלום! אני מגיע ב-18 ביולי."),
    ("chinese", "公司名称与部门", "北京字体设计研究院有限公司国际合作与交流部"),
    ("japanese", "ご要望・ご質問", "ベジタリアンの食事をお願いします。\nよろしくお願いいたします。"),
    ("korean", "참가 동기", "한글 글꼴 디자인을 배우고 싶습니다."),
    ("emoji", "How do you feel about it?", "🎉 👩🏽‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 ❤️ 🇦🇹"),
    ("word", LONG_WORD, LONG_WORD * 2),
    ("website", "Portfolio", "https://portfolio.example/" + "a-rather-long-path/" * 6 + "?utm_source=newsletter"),
    ("markup", "Anything <b>else</b>?", "<script>alert(1)</script> {{7*7}} {name} <img src=x> &amp; <b>bold</b>"),
    ("blank", "Dietary needs", ""),
    ("greek", "Ονοματεπώνυμο", "Ελευθερία Παπαδοπούλου"),
    ("cyrillic", "Комментарий", "Здравствуйте! Можно ли приехать на день раньше?"),
    ("thai", "หมายเหตุ", "ขอห้องพักที่เงียบและไม่สูบบุหรี่"),
    ("hindi", "टिप्पणी", "मुझे शाकाहारी भोजन चाहिए।"),
    ("guests", "How many come with you?", 2),
    ("hotel", "Hotel", "Hotel zur Post"),
    ("nights", "Nights", 7),
    ("invoice", "Name on the invoice", "Institut für Schriftgestaltung"),
    ("tax", "VAT number", "ATU12345678"),
    ("source", "Where did you hear of us?", "A friend"),
    ("newsletter", "Newsletter", "yes"),
    ("photo", "May we take pictures?", "no"),
    ("agreed", "I accept the [terms](https://forms.example.com/terms)", "on"),
)
TYPES = {"email": "email"}
FIELDS = [{"name": name, "type": TYPES.get(name, "textarea"), "label": label} for name, label, _ in ANSWERS]
FIELDS.append({"name": "cv", "type": "file", "label": "Your work"})


@contextmanager
def sample_app(folder: Path) -> Iterator[Flask]:
    """A service with nothing in it."""
    app = servers.build_app(folder, QUICK)
    yield app
    with app.app_context():
        db.engine.dispose()


def sample_html(app: Flask, submission_id: uuid.UUID | None = None, **options: Any) -> str:
    """The HTML part of the mail that a recipient with these options gets."""
    form = form_for(app, FIELDS, name=NAME)
    data = {name: value for name, _, value in ANSWERS}
    at = datetime(2026, 11, 28, 9, 2, tzinfo=UTC)
    submission = submit(app, form, data, id=submission_id or new_id(), created_at=at)
    attach(app, submission, "Portfolio " + "of-my-best-work-" * 5 + "2026.pdf", bytes(3_400_000), 1)
    attach(app, submission, "履歴書.pdf", bytes(80_000), 2)
    with pytest.MonkeyPatch.context() as patched, app.app_context():
        chosen = MailOptions(**{"timezone": "Europe/Berlin", **options})
        patched.setattr(submission_mail, "options_of", lambda _: chosen)
        ref = MessageRef(uuid.uuid4(), submission_mail.KIND, uuid.UUID(submission), None, now())
        return rendered_html(app, submission_mail.KIND, payloads.load_payload(ref) or {})


def digest_html(app: Flask) -> str:
    """The HTML part of a digest of two forms."""
    link = "https://forms.example.com/console/forms/AbCdEfGhIjKlMnOp?since=2026-11-28T09:02:00Z"
    forms = [{"name": name, "count": 12, "link": link} for name in (NAME, LONG_WORD * 2)]
    return rendered_html(app, digests.KIND, {"count": 24, "max_mails": digests.MAX_MAILS, "forms": forms})


def account_html(app: Flask) -> str:
    """The HTML part of the mail that confirms an address."""
    return rendered_html(app, "confirm", {"link": "https://forms.example.com/confirm?token=" + "x" * 43})


def rendered_html(app: Flask, kind: str, values: dict[str, Any]) -> str:
    """The HTML part of a mail of a kind."""
    outgoing = OutgoingMessage(id=uuid.uuid4(), kind=kind, created_at=now(), target=OWNER, values=values)
    with app.app_context():
        content = render_mail(outgoing).content
    return html_of(cast("EmailMessage", message_from_bytes(content, policy=policy.default)))
