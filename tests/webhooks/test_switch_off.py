"""An endpoint that is gone or fails for days is switched off, and its owner hears of it before."""

from collections.abc import Callable
from pathlib import Path

import pytest

from forms_service.delivery import leases
from forms_service.webhooks import switch_off
from tests.support.delivery_clock import movable_clock
from tests.support.receiver import Reply
from tests.support.webhooks import Hooks

Clock = Callable[..., None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    move = movable_clock(monkeypatch)
    monkeypatch.setattr(switch_off, "now", leases.now)
    return move


def mails(hooks: Hooks) -> list[str]:
    """The first lines of the mails about webhooks that have left, in order."""
    files = sorted(Path(hooks.app.instance_path, "outbox").glob("*-webhook_*.eml"))
    subjects = [line for file in files for line in file.read_text().splitlines() if line.startswith("Subject: ")]
    return [subject.removeprefix("Subject: ") for subject in subjects]


def fail(hooks: Hooks, clock: Clock, name: str, **later: float) -> None:
    """Somebody fills in the form some time later, and the endpoint refuses it."""
    clock(**later)
    hooks.fill(name=name)
    hooks.deliver()
    hooks.deliver()  # the mail that the failure led to


FAILING = "The webhook to 127.0.0.1 is failing"
TOMORROW = "Tomorrow the webhook to 127.0.0.1 is switched off"
OFF = "The webhook to 127.0.0.1 has been switched off"


def test_410_switches_off_at_once_with_one_mail(hooks: Hooks, clock: Clock) -> None:
    made = hooks.make()
    hooks.receiver.reply = Reply(410)
    hooks.fill()
    hooks.fill(name="Ben")
    hooks.deliver()
    hooks.deliver()
    shown = hooks.show(made)
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "It answered 410 Gone.")
    assert len(hooks.receiver.received) == 1
    assert hooks.rows() == [("submission.created", "failed")] * 2
    assert mails(hooks) == [OFF]
    hooks.fill(name="Cleo")
    assert len(hooks.rows()) == 2


def test_five_days_of_failure_switch_off_after_two_warnings(hooks: Hooks, clock: Clock) -> None:
    made = hooks.make()
    hooks.receiver.reply = Reply(500)
    fail(hooks, clock, "at once")
    assert hooks.show(made)["failing_since"] is not None
    fail(hooks, clock, "soon", minutes=20)
    assert mails(hooks) == []
    for number in range(3):
        fail(hooks, clock, f"on the first day {number}", hours=2)
    assert mails(hooks) == [FAILING]
    fail(hooks, clock, "on the third day", days=2)
    assert mails(hooks) == [FAILING]
    fail(hooks, clock, "on the fifth day", days=2)
    fail(hooks, clock, "an hour later", hours=1)
    assert mails(hooks) == [FAILING, TOMORROW]
    assert hooks.show(made)["enabled"] is True
    fail(hooks, clock, "on the sixth day", days=1)
    shown = hooks.show(made)
    assert (shown["enabled"], shown["disabled_reason"]) == (False, "Every delivery failed for 5 days.")
    assert mails(hooks) == [FAILING, TOMORROW, OFF]


def test_the_last_warning_is_a_day_before_even_without_traffic(hooks: Hooks, clock: Clock) -> None:
    made = hooks.make()
    hooks.receiver.reply = Reply(500)
    fail(hooks, clock, "at once")
    fail(hooks, clock, "after a holiday", days=20)
    assert mails(hooks) == [TOMORROW]
    fail(hooks, clock, "hours later", hours=23)
    assert hooks.show(made)["enabled"] is True
    fail(hooks, clock, "a day later", hours=2)
    assert hooks.show(made)["enabled"] is False


def test_a_success_ends_the_failure(hooks: Hooks, clock: Clock) -> None:
    made = hooks.make()
    hooks.receiver.reply = Reply(500)
    fail(hooks, clock, "at once")
    fail(hooks, clock, "later", hours=2)
    hooks.receiver.reply = Reply(200)
    fail(hooks, clock, "not at all", days=4)
    assert hooks.show(made)["failing_since"] is None
    hooks.receiver.reply = Reply(500)
    fail(hooks, clock, "again", days=1)
    fail(hooks, clock, "still", hours=2)
    assert hooks.show(made)["enabled"] is True
    assert mails(hooks) == [FAILING, FAILING]


def test_a_failed_test_is_no_failure(hooks: Hooks, clock: Clock) -> None:
    made = hooks.make()
    hooks.receiver.reply = Reply(500)
    hooks.call("POST", f"/api/webhooks/{made['id']}/test")
    hooks.deliver()
    assert hooks.show(made)["failing_since"] is None


def test_enabling_it_begins_anew(hooks: Hooks, clock: Clock) -> None:
    made = hooks.make()
    hooks.receiver.reply = Reply(410)
    fail(hooks, clock, "at once")
    shown = hooks.call("PATCH", f"/api/webhooks/{made['id']}", enabled=True).json["data"]
    assert (shown["enabled"], shown["disabled_reason"], shown["failing_since"]) == (True, None, None)
    hooks.receiver.reply = Reply(200)
    hooks.fill(name="Ben")
    hooks.deliver()
    assert hooks.rows()[-1] == ("submission.created", "sent")


def test_other_webhooks_go_on(hooks: Hooks, clock: Clock) -> None:
    hooks.make()
    healthy = hooks.make(events=["submission.marked_spam"])
    hooks.receiver.reply = Reply(410)
    fail(hooks, clock, "at once")
    assert hooks.show(healthy)["enabled"] is True


def test_one_that_is_switched_on_again_and_again_sends_only_so_many_mails(
    hooks: Hooks, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch_off, "MAX_MAILS_PER_HOUR", 2)
    made = hooks.make()
    hooks.receiver.reply = Reply(410)
    for turn in range(4):
        hooks.call("PATCH", f"/api/webhooks/{made['id']}", enabled=True)
        fail(hooks, clock, f"Ann {turn}")
        assert not hooks.show(made)["enabled"]
    assert mails(hooks) == [OFF, OFF]
