"""Events of submissions that an owner moves or deletes."""

from typing import Any

import pytest

from tests.support.stored import make_form, submit
from tests.support.webhooks import Hooks


def act(hooks: Hooks, identity: str, in_bulk: bool, change: dict[str, Any]) -> None:
    """Move or delete a submission, alone or as one of many."""
    path = f"/api/submissions/{identity}"
    if in_bulk:
        response = hooks.call("POST", f"/api/forms/{hooks.form}/submissions/bulk", ids=[identity], **change)
    elif "delete" in change:
        response = hooks.call("DELETE", path)
    else:
        response = hooks.call("PATCH", path, **change)
    assert response.status_code == 200, response.json


@pytest.mark.parametrize("in_bulk", [False, True])
class TestOwnersActs:
    """Moves and deletions, one by one and in bulk."""

    def test_a_move_to_spam_is_told_once(self, hooks: Hooks, in_bulk: bool) -> None:
        hooks.make(events=["submission.marked_spam"])
        identity = hooks.fill()
        for _ in range(2):
            act(hooks, identity, in_bulk, {"status": "spam"})
        hooks.deliver()
        assert hooks.types == ["submission.marked_spam"]
        assert hooks.bodies[0]["data"]["status"] == "spam"

    def test_a_deletion_is_told_without_what_was_written(self, hooks: Hooks, in_bulk: bool) -> None:
        hooks.make(events=["submission.deleted"])
        identity = hooks.fill()
        act(hooks, identity, in_bulk, {"delete": True})
        hooks.deliver()
        (body,) = hooks.bodies
        assert body["type"] == "submission.deleted"
        assert set(body["data"]) == {"id", "reference", "form_id"}
        assert (body["data"]["id"], body["data"]["form_id"]) == (identity, hooks.form)

    def test_what_was_spam_on_arrival_is_told_when_it_is_moved_to_the_inbox(self, hooks: Hooks, in_bulk: bool) -> None:
        hooks.make(events=["submission.created", "submission.marked_spam", "submission.deleted"])
        released, deleted = (submit(hooks.app, hooks.form, status="spam", spam_reasons="honeypot") for _ in range(2))
        act(hooks, deleted, in_bulk, {"status": "spam"})
        act(hooks, deleted, in_bulk, {"delete": True})
        hooks.deliver()
        assert hooks.types == []
        act(hooks, released, in_bulk, {"status": "inbox"})
        hooks.deliver()
        assert hooks.types == ["submission.created"]


def test_a_filled_honeypot_is_not_told(hooks: Hooks) -> None:
    hooks.make()
    hooks.fill(name="Bot", _gotcha="x")
    hooks.deliver()
    assert hooks.receiver.received == []


def test_the_erasure_of_a_person_is_told_for_each_submission(hooks: Hooks) -> None:
    hooks.make("/api/webhooks", events=["submission.deleted"])
    other, ann = make_form(hooks.app), "ann@example.com"
    data = {"email": ann}
    erased = {submit(hooks.app, form_id, data, people=[ann]) for form_id in (hooks.form, other)}
    submit(hooks.app, hooks.form)
    assert hooks.call("POST", "/api/people/erase", email=ann).status_code == 200
    hooks.deliver()
    assert {body["data"]["id"] for body in hooks.bodies} == erased
    assert ann not in str(hooks.bodies)


def test_forms_that_post_to_themselves_come_to_an_end(hooks: Hooks) -> None:
    hooks.make(format="custom", template={"name": "{name}!"})
    hooks.fill(name="Ann")
    hooks.deliver()
    (request,) = hooks.receiver.received
    headers = {name: request.headers[name] for name in ("user-agent", "content-type")}
    answer = hooks.client.post(f"/f/{hooks.form}", data=request.body, headers=headers)
    assert answer.status_code == 200, "it is stored nevertheless"
    hooks.deliver()
    assert hooks.bodies == [{"name": "Ann!"}]
