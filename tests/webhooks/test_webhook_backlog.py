"""Thousands of deliveries of one webhook are changed a few at a time, so that submissions are written between."""

import pytest

from forms_service.webhooks import switch_off
from forms_service.webhooks.management import erasure, trials
from tests.support.receiver import Reply
from tests.support.webhooks import Hooks


@pytest.fixture
def webhook(hooks: Hooks) -> str:
    """Path of a webhook that three deliveries wait for, after a first failure."""
    made = hooks.make()
    hooks.receiver.reply = Reply(500)
    for name in ("Ann", "Ben", "Cleo"):
        hooks.fill(name=name)
    hooks.deliver()
    hooks.receiver.reply = Reply(204)
    return f"/api/webhooks/{made['id']}"


def states(hooks: Hooks) -> list[str]:
    return sorted(state for _, state in hooks.rows())


def test_switched_off_it_fails_what_is_due_at_once_and_the_rest_later(
    hooks: Hooks, webhook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch_off, "MAX_HASTENED", 2)
    assert hooks.call("PATCH", webhook, enabled=False).status_code == 200
    hooks.deliver()
    assert states(hooks) == ["failed", "failed", "waiting"]


def test_a_retry_says_how_many_and_is_called_again_for_the_rest(
    hooks: Hooks, webhook: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooks.call("PATCH", webhook, enabled=False)
    hooks.deliver()
    hooks.call("PATCH", webhook, enabled=True)
    monkeypatch.setattr(trials, "RETRY_BATCH", 1)
    monkeypatch.setattr(trials, "MAX_RETRIED", 2)
    retried = [hooks.call("POST", f"{webhook}/retry", since="2020-01-01").json["data"]["retried"] for _ in range(3)]
    assert retried == [2, 1, 0]
    hooks.deliver()
    assert states(hooks) == ["sent"] * 3


@pytest.mark.parametrize("path", ["webhook", "form"])
def test_deleted_it_takes_all_along(hooks: Hooks, webhook: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "BATCH_SIZE", 1)
    assert hooks.call("DELETE", webhook if path == "webhook" else f"/api/forms/{hooks.form}").status_code in (200, 202)
    assert hooks.rows() == []
