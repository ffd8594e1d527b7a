"""Subjects of notifications: the owner's template, no two alike, and nothing of a visitor's in a header."""

import uuid

import pytest
from flask import Flask

from forms_service.database.types import new_id, now
from forms_service.delivery import payloads
from forms_service.delivery.payloads import MessageRef
from forms_service.notifications.submission_mail import KIND
from forms_service.validation.references import reference_of
from tests.notifications.conftest import Choose
from tests.support.definitions import PDF, file_part, multipart, text_part
from tests.support.notification_mails import mail_about
from tests.support.stored import submit
from tests.support.visitors import ANN, CONTACT, form_for, only, without_reference_at_end

HEADERS = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
HEADERS |= {"List-Unsubscribe", "List-Unsubscribe-Post"}

INJECTIONS = (
    "a\r\nBcc: x@example.org",
    "a\nBcc: x@example.org",
    "a%0d%0aBcc:x@example.org",
    "a\u2028Bcc: x",
    "a\x0bBcc: x",
    "a\x0cBcc: x",
    "x@example.org\r\nRCPT TO:<y@example.org>",
    '"a\r\n b"@example.org',
    "x@example.org,y@example.org",
    "x@example.org;y@example.org",
    "<x@example.org>",
    "x@example.org\x00.evil.org",
    "\u560a\u560dSet-Cookie: a=b",
    "Hello\r\nBcc: evil@example.com",
    "Hello\nBcc: evil@example.com",
    "Hello\rBcc: evil@example.com",
    "Hello\r\n\r\n<script>alert(1)</script>",
    "Hello\u2028Bcc: evil@example.com\u2029",
    "Hello\u0085Bcc: evil@example.com",
    "Hello\x0b\x0c\x1c\x1d\x1eBcc: evil@example.com",
    "Hello%0d%0aBcc: evil@example.com",
    "=?utf-8?q?Hi=0D=0ABcc:_evil@example.com?=",
    "=?utf-8?b?SGkNCkJjYzogZXZpbEBleGFtcGxlLmNvbQ==?=",
    "=?iso-8859-1?Q?Hi=0ABcc:_evil@example.com?= =?utf-8?q?=0D?=",
    "a@example.com\r\nBcc: evil@example.com",
    '"a\r\nBcc: evil@example.com"@example.com',
    "a@example.com>\r\nBcc: evil@example.com\r\nX: <",
    "\r\nContent-Type: text/html\r\n\r\n<h1>x</h1>",
    "x\r\n.\r\nMAIL FROM:<evil@example.com>\r\n",
    "x\n\n--===============\nContent-Type: text/html\n\n<h1>x</h1>",
)


def subject_of(app: Flask, template: str, data: dict[str, object], fields: object = CONTACT) -> str:
    form = form_for(app, fields, subject=template)  # type: ignore[arg-type]
    return without_reference_at_end(mail_about(app, form, data)["Subject"])


def test_the_owners_template_is_filled_and_ends_with_the_reference(app: Flask) -> None:
    form = form_for(app, CONTACT, subject="New enquiry from {name}: {topics} ({age}) at {form}")
    mail = mail_about(app, form, {**ANN, "topics": ["sales", "other"], "_subject": "ignored"})
    reference = reference_of(only(app, form).id)
    assert mail["Subject"] == f"New enquiry from Ann: sales, other () at Contact ({reference})"


def test_a_template_with_the_reference_has_it_once(app: Flask) -> None:
    form = form_for(app, CONTACT, subject="{reference}: {name}")
    subject = mail_about(app, form, ANN)["Subject"]
    assert subject == f"{reference_of(only(app, form).id)}: Ann"


def test_a_template_that_leaves_nothing_is_as_if_there_were_none(app: Flask) -> None:
    subject = subject_of(app, "{message}", {"name": "Ann", "email": "ann@example.com"})
    assert subject == "Contact: ann@example.com"


@pytest.mark.parametrize(
    ("typed", "subject"),
    [
        ("{{7*7}}", "From {{7*7}}"),
        ("{email} {reference}", "From {email} {reference}"),
        ("<b>Ann</b> &amp; Bob", "From <b>Ann</b> &amp; Bob"),
        ("Ann\r\n\tExample\u2028!", "From Ann Example !"),
        ("\u202eAnn\x1b[2J", "From Ann[2J"),
        ("x" * 500, "From " + "x" * 79 + "…"),
        (" " * 200 + "Ann", "From Ann"),
    ],
)
def test_a_value_is_inserted_as_text_on_one_line(app: Flask, typed: str, subject: str) -> None:
    assert subject_of(app, "From {name}", {"name": typed}, fields=()) == subject


def test_a_long_subject_is_cut_but_not_its_reference(app: Flask) -> None:
    template = "{a}{a}{reference}"
    subject = subject_of(app, template, {"a": "x" * 100}, fields=())
    assert subject == "x" * 79 + "…" + "x" * 69 + "…"


def test_a_form_without_fields_leaves_out_what_was_not_sent(app: Flask) -> None:
    assert subject_of(app, "From {name} {nobody}", {"name": "Ann"}, fields=()) == "From Ann"


@pytest.mark.parametrize("fields", [(), CONTACT])
def test_what_a_visitor_adds_stands_for_no_general_name(app: Flask, fields: object) -> None:
    form = form_for(app, fields, subject="{form} {reference}")  # type: ignore[arg-type]
    subject = mail_about(app, form, {**ANN, "reference": "AAAAA-AAAAA", "form": "Other"})["Subject"]
    assert subject == f"Contact {reference_of(only(app, form).id)}"


def test_a_field_called_reference_does_not_replace_the_reference(app: Flask) -> None:
    fields = [{"name": "reference", "type": "text"}]
    assert subject_of(app, "Order {reference}", {"reference": "4711"}, fields) == "Order 4711"


def test_a_file_stands_for_its_name(app: Flask) -> None:
    fields = [{"name": "cv", "type": "file"}, {"name": "name", "type": "text"}]
    form = form_for(app, fields, subject="{name}: {cv}")
    body = multipart(text_part("name", "Ann"), file_part("cv", "cv.pdf", PDF), file_part("cv", "more.pdf", PDF))
    assert without_reference_at_end(mail_about(app, form, **body)["Subject"]) == "Ann: cv.pdf, more.pdf"


@pytest.mark.parametrize("template", [None, "New message", "{form}", "{name} {name}", "{reference}"])
def test_no_two_of_a_hundred_subjects_are_equal(app: Flask, choose: Choose, template: str | None) -> None:
    form = form_for(app, CONTACT, subject=template)
    ids = [uuid.UUID(submit(app, form, dict(ANN))) for _ in range(100)]
    for content in ("full", "none"):
        choose(content=content)
        with app.app_context():
            payloads_of = [payloads.load_payload(MessageRef(new_id(), KIND, about, None, now())) for about in ids]
        assert len({payload["subject"] for payload in payloads_of if payload}) == 100


@pytest.mark.parametrize("typed", INJECTIONS)
def test_a_header_cannot_be_injected_by_any_field(app: Flask, typed: str) -> None:
    form = form_for(app, subject="{name} {email} {_subject} {added}")
    data = dict.fromkeys(("name", "email", "added", "_subject", "subject", "_replyto", "replyto", "from_name"), typed)
    mail = mail_about(app, form, {**data, typed: typed})
    assert set(mail.keys()) <= HEADERS
    assert mail["To"] == "owner@example.com"
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    for part in mail.iter_parts():
        assert set(part.keys()) <= {"Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
