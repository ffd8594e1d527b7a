"""Webhooks in the console: why one failed, tests, retries, switches."""

import re
from pathlib import Path

import pytest

from tests.support.console import Visitor
from tests.support.delivery_clock import movable_clock
from tests.support.html_forms import send_form
from tests.support.receiver import Reply
from tests.support.webhooks import Hooks

ANSWER = b"the queue is full <b>now</b>"


def path_of(hooks: Hooks, **values: object) -> str:
    return f"/console/forms/{hooks.form}/webhooks/{hooks.make(**values)['id']}"  # type: ignore[arg-type]


def fail(hooks: Hooks, status: int = 500, name: str = "Ann") -> None:
    """Somebody fills in the form, and the endpoint refuses it."""
    hooks.receiver.reply = Reply(status, body=ANSWER)
    hooks.fill(name=name)
    hooks.deliver()


class TestWhyItFailed:
    def test_the_list_says_it_two_clicks_from_the_forms(self, signed_in: Visitor, hooks: Hooks, page: str) -> None:
        hooks.make(description="CRM")
        hooks.make(url="http://127.0.0.1:1/closed")
        fail(hooks)
        inbox = signed_in.get("/console").text
        (first,) = re.findall(rf'href="(/console/forms/{hooks.form})"', inbox)
        (second,) = re.findall(r'href="([^"]*)">Webhooks</a>', signed_in.get(first).text)
        assert second == page
        text = signed_in.get(second).text
        assert text.count(">failing</span>") == 2
        assert "500 the queue is full &lt;b&gt;now&lt;/b&gt;" in text
        assert "No answer: ConnectionRefusedError." in text

    def test_one_that_works_says_so(self, signed_in: Visitor, hooks: Hooks, page: str) -> None:
        webhook = path_of(hooks)
        assert "nothing delivered yet" in signed_in.get(page).text
        fail(hooks, 200)
        for path in (page, webhook):
            assert ">works</span>" in signed_in.get(path).text
            assert "Last delivered" in signed_in.get(path).text

    def test_one_that_is_off_says_why(self, signed_in: Visitor, hooks: Hooks, page: str) -> None:
        webhook = path_of(hooks)
        fail(hooks, 410)
        for path in (page, webhook):
            text = signed_in.get(path).text
            assert "Off: It answered 410 Gone." in text
            assert "410 the queue is full" in text
        assert send_form(signed_in, webhook, "/switch", action="on").headers["Location"].endswith("done=webhook_on")
        assert "Off:" not in signed_in.get(page).text
        assert send_form(signed_in, webhook, "/switch", action="off").status_code == 303
        assert "Off: Switched off by hand." in signed_in.get(page).text

    def test_the_log_has_every_attempt(self, signed_in: Visitor, hooks: Hooks, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = movable_clock(monkeypatch)
        webhook = path_of(hooks)
        fail(hooks)
        clock(seconds=20)
        hooks.receiver.reply = Reply(200, body=b"at last")
        hooks.deliver()
        text = signed_in.get(webhook).text
        assert text.index("200 at last") < text.index("500 the queue is full")
        assert re.search(r"\d+ ms", text)
        assert "/console/submissions/" in text
        assert "The last 2 attempts" in text

    def test_the_mail_about_it_leads_to_its_page(self, signed_in: Visitor, hooks: Hooks) -> None:
        webhook = path_of(hooks)
        fail(hooks, 410)
        hooks.deliver()
        (mail,) = Path(hooks.app.instance_path, "outbox").glob("*-webhook_off-*.eml")
        assert f"http://127.0.0.1:5000{webhook}" in mail.read_text().replace("=\n", "")
        assert signed_in.get(webhook).status_code == 200


class TestByHand:
    def test_a_test_shows_the_endpoints_answer(self, signed_in: Visitor, hooks: Hooks) -> None:
        webhook = path_of(hooks)
        hooks.receiver.reply = Reply(503, body=b"closed for today")
        answer = send_form(signed_in, webhook, "/test", event="submission.deleted")
        assert answer.status_code == 303
        waiting = signed_in.get(answer.headers["Location"]).text
        assert "The test is on its way" in waiting
        assert 'http-equiv="refresh"' in waiting
        assert "hx-get" in waiting
        hooks.deliver()
        text = signed_in.get(answer.headers["Location"]).text
        assert "Test failed, given up" in text
        assert "503 closed for today" in text
        assert "http-equiv" not in text
        assert hooks.types == ["submission.deleted"]

    def test_a_test_is_sent_although_the_endpoint_has_failed_often(self, signed_in: Visitor, hooks: Hooks) -> None:
        webhook = path_of(hooks)
        for number in range(8):
            fail(hooks, name=str(number))
        before = len(hooks.receiver.received)
        hooks.fill(name="waits")
        hooks.deliver()
        assert len(hooks.receiver.received) == before, "its circuit is open"
        hooks.receiver.reply = Reply(200, body=b"fine again")
        answer = send_form(signed_in, webhook, "/test")
        hooks.deliver()
        assert "200 fine again" in signed_in.get(answer.headers["Location"]).text

    def test_too_many_tests_are_refused_on_the_page(self, signed_in: Visitor, hooks: Hooks) -> None:
        webhook = path_of(hooks)
        statuses = [send_form(signed_in, webhook, "/test") for _ in range(31)]
        assert [answer.status_code for answer in statuses] == [303] * 30 + [429]
        assert "Too many requests" in statuses[-1].text
        assert "Send a test" in statuses[-1].text

    def test_failed_deliveries_go_again_one_or_all(self, signed_in: Visitor, hooks: Hooks) -> None:
        webhook = path_of(hooks)
        hooks.fill(name="Ann")
        hooks.fill(name="Ben")
        send_form(signed_in, webhook, "/switch", action="off")
        hooks.deliver()
        refused = send_form(signed_in, webhook, "/webhooks/" + webhook.rpartition("/")[2] + "/retry")
        assert refused.status_code == 409
        assert "Enable it first." in refused.text
        send_form(signed_in, webhook, "/switch", action="on")
        one = re.findall(rf'action="({webhook}/deliveries/[0-9a-f-]+/retry)"', signed_in.get(webhook).text)
        assert len(one) == 2
        assert send_form(signed_in, webhook, one[0]).status_code == 303
        hooks.deliver()
        assert len(hooks.receiver.received) == 1
        answer = send_form(signed_in, webhook, f"{webhook}/retry")
        assert "One delivery is due again." in signed_in.get(answer.headers["Location"]).text
        hooks.deliver()
        assert len(hooks.receiver.received) == 2
        refused = send_form(signed_in, webhook, f"{webhook}/switch", action="explode")
        assert refused.status_code == 422

    def test_it_is_deleted_after_a_question(self, signed_in: Visitor, hooks: Hooks, page: str) -> None:
        webhook = path_of(hooks)
        assert "<summary>Delete…</summary>" in signed_in.get(webhook).text
        assert send_form(signed_in, webhook, "/delete").headers["Location"] == f"{page}?done=deleted"
        assert signed_in.get(webhook).status_code == 404
