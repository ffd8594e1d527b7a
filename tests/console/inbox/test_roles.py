"""What members may see and do in the inbox."""

import pytest
from flask import Flask

from tests.console.inbox.conftest import Colleague, state
from tests.support.console import Visitor
from tests.support.notification_mails import enqueue
from tests.support.stored import submit

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
