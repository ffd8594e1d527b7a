"""What members may see and do in the inbox."""

import uuid

import pytest
from flask import Flask

from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.submissions.models import Submission
from tests.conftest import KeyOf
from tests.console.inbox.conftest import Colleague, press, state
from tests.support.console import Visitor
from tests.support.notification_mails import enqueue
from tests.support.stored import count, make_form, submit

BUTTONS = ('value="archive"', 'value="spam"', 'value="unread"', 'value="delete"', 'name="ids"', "/export", "/bulk")


@pytest.mark.parametrize(("role", "is_read"), [("viewer", False), ("editor", True), ("manager", True)])
def test_a_submission_is_read_once_somebody_opens_it_who_may_mark_it(
    app_on_each_db: Flask, form: str, colleague: Colleague, role: str, is_read: bool
) -> None:
    submission = submit(app_on_each_db, form)
    enqueue(app_on_each_db, form, submission)  # its deliveries are for managers
    member = colleague(role)
    assert submission in member.get(f"/console/forms/{form}").text
    answer = member.get(f"/console/submissions/{submission}")
    assert answer.status_code == 200
    assert ("<h3>Deliveries" in answer.text) == (role == "manager")
    assert state(app_on_each_db, submission) == [("inbox", is_read)]


def test_a_viewer_gets_no_button_that_would_refuse(
    app_on_each_db: Flask, form: str, signed_in: Visitor, colleague: Colleague
) -> None:
    submission = submit(app_on_each_db, form)
    pages = (f"/console/forms/{form}", f"/console/submissions/{submission}")
    viewer = colleague("viewer")
    assert [word for page in pages for word in BUTTONS if word in viewer.get(page).text] == []
    shown = signed_in.get(pages[0]).text + signed_in.get(pages[1]).text
    assert [word for word in BUTTONS if word not in shown] == []
    answer = viewer.post(pages[1], {"csrf_token": viewer.token("/console"), "action": "archive"})
    assert answer.status_code == 403


@pytest.mark.parametrize("action", ["inbox", "archive", "spam", "read", "delete"])
def test_submissions_of_another_form_are_not_touched(
    app_on_each_db: Flask, form: str, signed_in: Visitor, key_of: KeyOf, action: str
) -> None:
    key_of(app_on_each_db, "other@example.com")
    other = make_form(app_on_each_db, "other@example.com")
    submission = submit(app_on_each_db, other, status="spam", spam_reasons="links")
    assert press(signed_in, form, action, submission).status_code == 303
    with app_on_each_db.app_context():
        row = db.session.get_one(Submission, uuid.UUID(submission))
        assert (row.status, row.read, row.spam_reasons) == ("spam", False, "links")
    assert count(app_on_each_db, Message) == [0], "nothing of it is mailed to this form's recipients"
