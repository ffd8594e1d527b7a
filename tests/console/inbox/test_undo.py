"""Undo: exactly what was changed is put back, once, without a script."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from forms_service.delivery.models import Message
from forms_service.inbox import undo
from tests.console.inbox.conftest import Colleague, press, press_undo, state
from tests.support.console import Visitor
from tests.support.stored import count, submit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ("archive", [("archived", True), ("archived", False), ("archived", True)]),
        ("spam", [("spam", True), ("spam", False), ("spam", True)]),
        ("unread", [("inbox", False), ("inbox", False), ("archived", False)]),
    ],
)
def test_a_selection_is_put_back_as_each_was(
    app_on_each_db: Flask, form: str, signed_in: Visitor, action: str, after: Any
) -> None:
    ids = [
        submit(app_on_each_db, form, read=True),
        submit(app_on_each_db, form),
        submit(app_on_each_db, form, status="archived", read=True),
    ]
    other = submit(app_on_each_db, form)
    before = state(app_on_each_db, *ids)
    page = press(signed_in, form, action, *ids).headers["Location"]
    assert state(app_on_each_db, *ids) == after
    assert ">Undone.<" in press_undo(signed_in, page).text
    assert state(app_on_each_db, *ids, other) == [*before, ("inbox", False)]
    assert 'class="undo"' not in signed_in.get(f"/console/forms/{form}").text


def test_it_is_offered_once_on_the_next_page(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    ids = [submit(app_on_each_db, form) for _ in range(3)]
    answer = signed_in.press(f"/console/submissions/{ids[2]}", "archive")
    page = answer.headers["Location"]
    assert page == f"/console/forms/{form}?at={ids[1]}"
    cookie = next(value for name, value in answer.headers if name == "Set-Cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    text = signed_in.get(page).text
    assert "<strong>1</strong> submission archived." in text
    assert f'id="s-{ids[1]}"' in text
    assert 'class="undo"' not in signed_in.get(page).text


def test_what_a_colleague_has_changed_since_stays(
    app_on_each_db: Flask, form: str, signed_in: Visitor, colleague: Colleague
) -> None:
    ids = [submit(app_on_each_db, form, created_at=NOON + timedelta(hours=number)) for number in range(3)]
    page = press(signed_in, form, "archive", *ids).headers["Location"]
    offer = signed_in.get(page).text
    editor = colleague("editor")
    editor.press(f"/console/submissions/{ids[0]}", "spam")
    editor.press(f"/console/submissions/{ids[1]}", "delete")
    assert "changed or deleted since" in press_undo(signed_in, page, offer).text
    assert state(app_on_each_db, ids[0], ids[2]) == [("spam", True), ("inbox", False)]


def test_it_is_the_accounts_own_and_not_for_long(
    app_on_each_db: Flask, form: str, signed_in: Visitor, colleague: Colleague, monkeypatch: pytest.MonkeyPatch
) -> None:
    submission = submit(app_on_each_db, form)
    page = press(signed_in, form, "archive", submission).headers["Location"]
    offer = signed_in.get(page).text
    assert "too late" in press_undo(colleague("editor"), page, offer).text
    later = time.time() + undo.MAX_AGE + 1
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: later)
        assert "too late" in press_undo(signed_in, page, offer).text
    assert state(app_on_each_db, submission) == [("archived", False)]
    forged = offer.replace('name="token" value="', 'name="token" value="x')
    assert "too late" in press_undo(signed_in, page, forged).text


def test_released_spam_is_notified_of_once(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    submission = submit(app_on_each_db, form, status="spam", spam_reasons="links")
    query = "?status=spam"
    for _ in range(2):
        page = press(signed_in, form, "inbox", submission, query=query).headers["Location"]
        assert state(app_on_each_db, submission) == [("inbox", False)]
        press_undo(signed_in, page)
        assert state(app_on_each_db, submission) == [("spam", False)]
    assert count(app_on_each_db, Message) == [1]


def test_an_unconfirmed_one_goes_back_to_waiting(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    submission = submit(app_on_each_db, form, status="unconfirmed")
    page = signed_in.press(f"/console/submissions/{submission}", "spam").headers["Location"]
    press_undo(signed_in, page)
    assert state(app_on_each_db, submission) == [("unconfirmed", True)]


def test_a_hundred_fit_into_the_cookie(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    ids = [submit(app_on_each_db, form, read=number % 2 == 0) for number in range(100)]
    page = press(signed_in, form, "archive", *ids).headers["Location"]
    text = signed_in.get(page).text
    assert "<strong>100</strong> submissions archived." in text
    press_undo(signed_in, page, text)
    assert state(app_on_each_db, *ids) == [("inbox", number % 2 == 0) for number in range(100)]
