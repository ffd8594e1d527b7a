"""Undo of a move: no webhook hears anything twice."""

import uuid
from typing import Any

from sqlalchemy import select

from forms_service.accounts.guards import Caller
from forms_service.accounts.models import Account
from forms_service.extensions import db
from forms_service.inbox import undo
from tests.support.stored import submit
from tests.support.webhooks import Hooks

EVENTS = ["submission.created", "submission.marked_spam"]


def move_and_undo(hooks: Hooks, submission_id: str, status: str) -> None:
    """Press a button, and undo."""
    with hooks.app.app_context():
        caller = Caller(db.session.scalars(select(Account.id)).one(), "owner")
        changes: dict[str, Any] = {"status": status}
        act = undo.change(hooks.form, caller, [uuid.UUID(submission_id)], changes)
        _, restored = undo.undo(hooks.form, undo.sign(act, caller), caller)
        assert [str(identity) for identity in restored] == [submission_id]


def kinds(hooks: Hooks) -> list[str]:
    return [kind for kind, _ in hooks.rows()]


def test_a_move_to_spam_that_is_undone_is_heard_of_once(hooks: Hooks) -> None:
    hooks.make(events=EVENTS)
    move_and_undo(hooks, submit(hooks.app, hooks.form), "spam")
    assert kinds(hooks) == ["submission.marked_spam"]


def test_released_spam_that_is_spam_after_all_is_heard_of_once(hooks: Hooks) -> None:
    hooks.make(events=EVENTS)
    submission = submit(hooks.app, hooks.form, status="spam", spam_reasons="links")
    for _ in range(2):
        move_and_undo(hooks, submission, "inbox")
        assert kinds(hooks) == ["submission.created", "submission.marked_spam"]


def test_other_moves_are_heard_of_by_nobody(hooks: Hooks) -> None:
    hooks.make(events=EVENTS)
    judged = submit(hooks.app, hooks.form, status="spam", spam_reasons="links")
    by_hand = submit(hooks.app, hooks.form, status="spam")
    for submission in (judged, by_hand):
        move_and_undo(hooks, submission, "archived")
    move_and_undo(hooks, by_hand, "inbox")
    assert kinds(hooks) == []
