"""The mail that tells an owner what somebody sent."""

import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from forms_service.accounts import administration
from forms_service.database.transactions import write_session
from forms_service.delivery import digests, worker
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.forms.cache import MAX_AGE, get_published_form
from forms_service.notifications import submission_mail
from forms_service.submissions import events
from forms_service.validation.references import reference_of
from tests.support.mails import text_of
from tests.support.notification_mails import mail_about, sent_mail, sent_mails
from tests.support.stored import submit
from tests.support.visitors import ANN, CONTACT, OWNER, form_for, only, queued, without_reference_at_end


def test_goes_to_the_owner_from_us_and_is_answered_to_the_person(app: Flask) -> None:
    form = form_for(app, CONTACT)
    mail = mail_about(app, form, {**ANN, "topics": ["sales", "other"], "message": "Hello,\nworld", "extra": "x"})
    assert (mail["To"], mail["Reply-To"]) == (OWNER, "ann@example.com")
    assert mail["From"].addresses[0].addr_spec == "forms@service.example"
    assert mail["Subject"] == f"Contact: ann@example.com ({reference_of(only(app, form).id)})"
    text = text_of(mail)
    for lines in ("Your name:\n  Ann\n", "topics:\n  sales, other\n", "Message:\n  Hello,\n  world\n", "extra:\n  x\n"):
        assert lines in text
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_no_two_mails_of_a_form_have_one_subject(app: Flask) -> None:
    """A mail program would fold them into one thread."""
    form = form_for(app)
    for number in range(digests.MAX_MAILS):
        assert app.test_client().post(f"/f/{form}", json={**ANN, "message": str(number)}).status_code == 200
    mails = sent_mails(app)
    subjects = {mail["Subject"] for mail in mails}
    assert len(mails) == len(subjects) == digests.MAX_MAILS
    assert {subject.partition(" (")[0] for subject in subjects} == {"Contact: ann@example.com"}


def test_is_put_into_the_outbox_with_the_submission(app_on_each_db: Flask) -> None:
    form = form_for(app_on_each_db)
    assert app_on_each_db.test_client().post(f"/f/{form}", json=ANN).status_code == 200
    (message,) = queued(app_on_each_db, form)
    assert (message.about, message.kind, message.target) == (only(app_on_each_db, form).id, "submission", OWNER)


@pytest.mark.parametrize(
    ("data", "subject"),
    [
        ({"_subject": "Prices"}, "Prices"),
        ({"subject": "Prices"}, "Prices"),
        ({"_subject": "", "subject": "Prices"}, "Prices"),
        ({"_subject": "Prices\r\nBcc: eve@example.com\u2028\x1b[2J\u202e!"}, "Prices Bcc: eve@example.com [2J!"),
        ({"_subject": "x" * 500}, "x" * 149 + "…"),
        ({"_subject": "\u0085\x07"}, "Contact: ann@example.com"),
    ],
)
def test_the_subject_is_one_short_line(app: Flask, data: dict[str, str], subject: str) -> None:
    mail = mail_about(app, form_for(app), {**ANN, **data})
    assert without_reference_at_end(mail["Subject"]) == subject
    assert mail["Bcc"] is None


@pytest.mark.parametrize(
    ("data", "reply_to"),
    [
        ({"_replyto": "reply@example.com", "email": "ann@example.com"}, "reply@example.com"),
        ({"replyTo": " reply@example.com "}, "reply@example.com"),
        ({"_replyto": "email", "email": "ann@example.com"}, "ann@example.com"),
        ({"_replyto": "a@example.com\r\nBcc: eve@example.com"}, None),
        ({"_replyto": "a@example.com, b@example.com"}, "a@example.com"),
        ({"_replyto": "Ann Example <a@example.com>"}, "a@example.com"),
        ({"_replyto": '"Example, Ann" <a@example.com>'}, "a@example.com"),
        ({"_replyto": "<a@example.com>"}, "a@example.com"),
        ({"_replyto": "mailto:a@example.com?subject=Hi"}, "a@example.com"),
        ({"_replyto": ["", "a@example.com"]}, "a@example.com"),
        ({"_replyto": [None, "a@example.com"]}, "a@example.com"),
        ({"_replyto": [" ", None], "replyto": "\u200ba@example.com\u200b"}, "a@example.com"),
        ({"_replyto": "Write to a@example.com"}, None),
        ({"a": "no address", "b": ["also@example.com"]}, "also@example.com"),
        ({"a": "a@example.com, b@example.com"}, "a@example.com"),
        ({"recipient": "sales@site.example", "email": "ann@example.com"}, "ann@example.com"),
        ({"recipient": "sales@site.example", "E-Mail": "ann@example.com\u200b"}, "ann@example.com"),
        ({"recipient": "sales@site.example", "mail": "ann@example.com"}, "ann@example.com"),
        ({"recipient": "sales@site.example", "email": "not yet"}, "sales@site.example"),
        ({"a": "nothing"}, None),
    ],
)
def test_answers_go_to_the_mail_field_or_the_first_address(
    app: Flask, data: dict[str, Any], reply_to: str | None
) -> None:
    mail = mail_about(app, form_for(app), {"n": 1, **data})
    assert mail["Reply-To"] == reply_to
    assert mail["To"] == OWNER
    assert (mail["Cc"], mail["Bcc"]) == (None, None)


def test_answers_do_not_go_to_an_address_in_another_field(app: Flask) -> None:
    fields = [{"name": "friend", "type": "text"}, {"name": "email", "type": "email"}]
    data = {"friend": "bob@example.com", "ccemail": "eve@example.com"}
    assert mail_about(app, form_for(app, fields), data)["Reply-To"] is None


def test_a_value_cannot_pass_for_another_field(app: Flask) -> None:
    text = text_of(mail_about(app, form_for(app), {"name": "Ann\n\nPassword:\nsecret", "a\nb:": {"c": [1, None]}}))
    assert "\nPassword:" not in text
    assert '\na b::\n  {"c": [1, null]}' in text


def test_what_is_very_long_is_cut(app: Flask) -> None:
    data = {f"n{number}": "x" * 60_000 for number in range(8)}
    text = text_of(mail_about(app, form_for(app), data))
    assert "truncated" in text
    assert len(text) < 120_000


def test_there_is_none_for_spam_until_it_is_found_to_be_good(app: Flask) -> None:
    form = form_for(app, CONTACT)
    assert app.test_client().post(f"/f/{form}", json={**ANN, "_gotcha": "x"}).status_code == 200
    assert queued(app, form) == []
    submission = only(app, form)
    with app.app_context(), write_session():
        events.enqueue(events.CREATED, get_published_form(form), [submission.id])
        db.session.commit()
    assert without_reference_at_end(sent_mail(app)["Subject"]) == "Contact: ann@example.com"


def test_what_people_sent_is_in_the_inbox_and_not_a_second_time_in_the_outbox(app: Flask) -> None:
    form = form_for(app, CONTACT)
    assert app.test_client().post(f"/f/{form}", json=ANN).status_code == 200
    assert [message.payload for message in queued(app, form)] == [None]


def test_events_are_enqueued_in_the_callers_transaction(app: Flask) -> None:
    form = form_for(app)
    submission_id = uuid.UUID(submit(app, form))
    with app.app_context():
        with write_session():
            db.session.execute(delete(Message))
            db.session.commit()
        with write_session():
            events.enqueue(events.CREATED, get_published_form(form), [submission_id])
            assert db.session.scalar(select(func.count()).select_from(Message)) == 1
        assert db.session.scalar(select(func.count()).select_from(Message)) == 0


def test_a_disabled_owner_is_not_sent_what_was_still_queued(app: Flask) -> None:
    form = form_for(app)
    assert app.test_client().post(f"/f/{form}", json=ANN).status_code == 200
    with app.app_context():
        administration.disable(OWNER)
    time.sleep(MAX_AGE)
    with app.app_context():
        worker.deliver_due()
        assert db.session.scalars(select(Message.state).where(Message.kind == submission_mail.KIND)).all() == ["failed"]
    assert not list((Path(app.instance_path) / "outbox").glob("*submission*"))
