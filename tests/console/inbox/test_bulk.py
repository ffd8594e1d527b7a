"""Changes of a selection and of everything that matches: by whom, in steps, with an audit record."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from forms_service.accounts.models import Event
from forms_service.extensions import db
from forms_service.inbox import bulk
from tests.console.inbox.conftest import Colleague, press, press_undo, rows, state
from tests.support.console import Visitor
from tests.support.stored import submit

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def fields_of(text: str) -> dict[str, str]:
    """The hidden fields of the form that continues, or begins."""
    part = text.partition('id="rest"')[2] or (text.partition('name="before"')[2] and text)
    return {
        name: html.unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', part)
    }


def start(visitor: Visitor, form: str, action: str, query: str = "") -> Any:
    path = f"/console/forms/{form}/bulk{query}"
    return visitor.post(path, {**fields_of(visitor.get(path).text), "action": action})


def audit(app: Flask) -> list[tuple[str, str | None]]:
    with app.app_context():
        query = select(Event).where(Event.name.like("submissions%")).order_by(Event.id)
        return [(event.name, event.details) for event in db.session.scalars(query)]


def test_a_selection_is_marked_moved_and_deleted(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    ids = [submit(app_on_each_db, form, created_at=NOON + timedelta(hours=number)) for number in range(4)]
    assert press(signed_in, form, "read", ids[3]).headers["Location"] == f"/console/forms/{form}?at={ids[3]}"
    assert press(signed_in, form, "archive", *ids[2:]).headers["Location"] == f"/console/forms/{form}?at={ids[1]}"
    assert state(app_on_each_db, *ids) == [("inbox", False)] * 2 + [("archived", False), ("archived", True)]
    assert (
        press(signed_in, form, "delete", ids[0]).headers["Location"]
        == f"/console/forms/{form}?done=deleted&at={ids[1]}"
    )
    assert rows(signed_in.get(f"/console/forms/{form}").text) == [ids[1]]
    text = signed_in.get(press(signed_in, form, "archive").headers["Location"]).text
    assert "Nothing was selected" in text
    names = [name for name, _ in audit(app_on_each_db)]
    assert names == ["submissions_changed", "submissions_changed", "submissions_erased"]


def test_everything_that_matches_is_changed_and_nothing_else(
    app_on_each_db: Flask, form: str, signed_in: Visitor
) -> None:
    ids = [submit(app_on_each_db, form, read=number == 0) for number in range(4)]
    archived = submit(app_on_each_db, form, status="archived")
    path = f"/console/forms/{form}/bulk?unread=true"
    text = signed_in.get(path).text
    assert "<strong>3</strong> submissions match." in text
    late = submit(app_on_each_db, form)  # after the page was made: nobody has seen it
    answer = signed_in.post(path, {**fields_of(text), "action": "archive"})
    assert "Done: 3 archived." in answer.text
    assert [status for status, _ in state(app_on_each_db, *ids)] == ["inbox", "archived", "archived", "archived"]
    assert state(app_on_each_db, late, archived) == [("inbox", False), ("archived", False)]
    assert len(audit(app_on_each_db)) == 1
    press_undo(signed_in, path, answer.text)
    assert {status for status, _ in state(app_on_each_db, *ids)} == {"inbox"}
    assert state(app_on_each_db, archived) == [("archived", False)]


def test_it_goes_on_where_the_time_was_over(
    app_on_each_db: Flask, form: str, signed_in: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "BATCH_SIZE", 2)
    monkeypatch.setattr(bulk, "MAX_CHANGED", 4)
    ids = [submit(app_on_each_db, form, read=True) for _ in range(9)]
    text, path = start(signed_in, form, "unread").text, f"/console/forms/{form}/bulk"
    assert "4 of 9 marked as unread, 5 left." in text
    assert 'max="9" value="4"' in text
    text = signed_in.post(path, fields_of(text)).text
    assert "8 of 9 marked as unread, 1 left." in text
    assert state(app_on_each_db, *ids) == [("inbox", True)] + [("inbox", False)] * 8
    text = signed_in.post(path, fields_of(text)).text
    assert "Done: 9 marked as unread." in text
    press_undo(signed_in, path, text)
    assert state(app_on_each_db, *ids) == [("inbox", True)] + [("inbox", False)] * 8
    assert len(audit(app_on_each_db)) == 6  # a line for each commit


def test_everything_is_deleted_after_a_question(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    for _ in range(3):
        submit(app_on_each_db, form, status="spam", spam_reasons="links")
    submission = submit(app_on_each_db, form)
    text = signed_in.get(f"/console/forms/{form}/bulk?status=spam").text
    assert text.index("<summary>Delete…</summary>") < text.index("all 3, their files") < text.index('value="delete"')
    assert "Done: 3 deleted." in start(signed_in, form, "delete", "?status=spam").text
    assert state(app_on_each_db, submission) == [("inbox", False)]
    assert "Nothing matches." in signed_in.get(f"/console/forms/{form}/bulk?status=spam").text


def test_nobody_is_confirmed_in_bulk(app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
    submit(app_on_each_db, form, status="unconfirmed")
    text = signed_in.get(f"/console/forms/{form}/bulk?status=unconfirmed").text
    assert 'value="archive"' not in text
    assert 'value="spam"' in text


@pytest.mark.parametrize("path", ["bulk", "selection", "undo", "export"])
def test_a_viewer_changes_nothing(app_on_each_db: Flask, form: str, colleague: Colleague, path: str) -> None:
    submission = submit(app_on_each_db, form)
    viewer = colleague("viewer")
    body = {
        "bulk": {"action": "delete", "before": "2099-01-01T00:00:00Z"},
        "selection": {"action": "archive", "ids": submission},
        "undo": {"token": "x"},
        "export": {"format": "csv"},
    }[path]
    answer = viewer.post(f"/console/forms/{form}/{path}", {**body, "csrf_token": viewer.token("/console")})
    assert answer.status_code == 403
    assert state(app_on_each_db, submission) == [("inbox", False)]
    assert audit(app_on_each_db) == []
