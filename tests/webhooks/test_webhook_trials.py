"""What an owner does with a webhook by hand: rotate, test, retry, switch off."""

import uuid

import pytest
from standardwebhooks import WebhookVerificationError

from tests.conftest import KeyOf
from tests.support.outbox import attempts, states
from tests.support.receiver import Reply
from tests.support.webhooks import Hooks


class TestRotation:
    def test_both_secrets_sign_for_a_day(self, hooks: Hooks) -> None:
        made = hooks.make()
        rotated = hooks.call("POST", f"/api/webhooks/{made['id']}/rotate").json["data"]
        assert rotated["secret"] != made["secret"]
        hooks.fill()
        hooks.deliver()
        hooks.verify(made["secret"])
        hooks.verify(rotated["secret"])

    def test_only_the_last_two_sign(self, hooks: Hooks) -> None:
        made = hooks.make()
        for _ in range(2):
            rotated = hooks.call("POST", f"/api/webhooks/{made['id']}/rotate").json["data"]
        hooks.fill()
        hooks.deliver()
        hooks.verify(rotated["secret"])
        with pytest.raises(WebhookVerificationError):
            hooks.verify(made["secret"])


class TestByHand:
    """Tests, samples, retries."""

    def test_a_test_is_a_delivery_that_is_tried_once(self, hooks: Hooks) -> None:
        made = hooks.make(enabled=False)
        hooks.receiver.reply = Reply(503, body=b"closed")
        response = hooks.call("POST", f"/api/webhooks/{made['id']}/test")
        assert response.status_code == 202
        assert hooks.deliver() == 1
        assert hooks.verify(made["secret"])["data"]["form_id"] == hooks.form
        assert hooks.receiver.received[0].headers["webhook-id"] == f"msg_{uuid.UUID(response.json['data']['id']).hex}"
        with hooks.app.app_context():
            assert states() == ["failed"]
            assert attempts() == [("failed", "503 closed")]

    def test_a_test_needs_no_body(self, hooks: Hooks) -> None:
        made = hooks.make()
        response = hooks.client.post(f"/api/webhooks/{made['id']}/test", headers=hooks.owner)
        assert response.status_code == 202
        assert hooks.deliver() == 1
        assert hooks.verify(made["secret"])["type"] == "submission.created"

    def test_the_answer_names_the_delivery_which_only_its_owner_sees(self, hooks: Hooks, key_of: KeyOf) -> None:
        made = hooks.make()
        hooks.receiver.reply = Reply(503)
        delivery_id = hooks.call("POST", f"/api/webhooks/{made['id']}/test").json["data"]["id"]
        hooks.deliver()
        path = f"/api/deliveries/{delivery_id}"
        shown = hooks.call("GET", path).json["data"]
        assert (shown["state"], shown["webhook_id"], shown["submission_id"]) == ("failed", made["id"], None)
        assert [attempt["status"] for attempt in shown["attempts"]] == [503]
        stranger, operator = (
            key_of(hooks.app, "stranger@example.com"),
            key_of(hooks.app, "op@example.com", role="operator"),
        )
        assert hooks.client.get(path, headers=stranger).status_code == 404
        assert hooks.client.get(path, headers=operator).status_code == 200
        assert hooks.call("POST", f"{path}/retry").status_code == 409

    def test_the_delivery_of_a_deletion_is_seen_after_it(self, hooks: Hooks) -> None:
        made = hooks.make(events=["submission.deleted"])
        hooks.call("DELETE", f"/api/submissions/{hooks.fill()}")
        hooks.deliver()
        delivery_id = uuid.UUID(hooks.receiver.received[0].headers["webhook-id"].removeprefix("msg_"))
        shown = hooks.call("GET", f"/api/deliveries/{delivery_id}").json["data"]
        assert (shown["state"], shown["webhook_id"]) == ("sent", made["id"])

    @pytest.mark.parametrize("event", ["submission.created", "submission.deleted"])
    def test_a_sample_is_what_a_test_sends(self, hooks: Hooks, event: str) -> None:
        made = hooks.make()
        hooks.call("POST", f"/api/webhooks/{made['id']}/test", event=event)
        hooks.deliver()
        query = f"form_id={hooks.form}&event={event}"
        shown = hooks.call("GET", f"/api/webhooks/sample?{query}").json["data"]
        sent = hooks.receiver.received[0]
        assert shown["content_type"] == sent.headers["content-type"]
        assert set(shown["body"]["data"]) == set(sent.json["data"])
        assert shown["body"]["type"] == sent.json["type"] == event

    def test_what_has_failed_goes_again(self, hooks: Hooks) -> None:
        made = hooks.make()
        path = f"/api/webhooks/{made['id']}"
        hooks.fill()
        hooks.call("PATCH", path, enabled=False)
        hooks.deliver()
        assert hooks.receiver.received == []
        refused = hooks.call("POST", f"{path}/retry", since="2020-01-01")
        assert refused.status_code == 409
        hooks.call("PATCH", path, enabled=True)
        assert hooks.call("POST", f"{path}/retry", since="2100-01-01").json["data"] == {"retried": 0}
        retried = hooks.call("POST", f"{path}/retry", since="2020-01-01T00:00:00Z")
        assert (retried.status_code, retried.json["data"]) == (202, {"retried": 1})
        hooks.deliver()
        assert hooks.types == ["submission.created"]


class TestSwitchedOffByHand:
    def test_what_waits_fails_with_a_reason_and_nothing_new_comes(self, hooks: Hooks) -> None:
        made = hooks.make()
        hooks.receiver.reply = Reply(500)
        hooks.fill()
        hooks.deliver()
        shown = hooks.call("PATCH", f"/api/webhooks/{made['id']}", enabled=False).json["data"]
        assert (shown["enabled"], shown["disabled_reason"]) == (False, "Switched off by hand.")
        hooks.deliver()
        hooks.fill(name="Ben")
        assert hooks.deliver() == 1  # the owner's mail
        assert len(hooks.receiver.received) == 1
        assert hooks.rows() == [("submission.created", "failed")]
        with hooks.app.app_context():
            assert [answer for _, answer in attempts() if answer.startswith("Not sent")] == [
                "Not sent: the webhook is switched off. Switched off by hand. Enable it, then retry what failed."
            ]

    def test_a_deleted_webhook_takes_its_deliveries_along(self, hooks: Hooks) -> None:
        made = hooks.make()
        hooks.fill()
        assert hooks.call("DELETE", f"/api/webhooks/{made['id']}").status_code == 200
        hooks.fill()
        assert hooks.rows() == []
        hooks.deliver()
        assert hooks.receiver.received == []
