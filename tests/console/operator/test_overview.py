"""Health, backlog and failing webhooks, and who may see them."""

import re
import uuid
from datetime import timedelta

from flask import Flask
from sqlalchemy import update

from forms_service.database.transactions import write_session
from forms_service.database.types import new_id, now
from forms_service.delivery import outbox
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.webhooks.models import Webhook
from tests.conftest import KeyOf
from tests.support import called_owners
from tests.support.console import Visitor
from tests.support.receiver import Reply
from tests.support.webhooks import Hooks

PAGE = "/console/operator"

app_on_each_db, receiver, hooks = called_owners.app_on_each_db, called_owners.receiver, called_owners.hooks


def words(text: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


def test_shows_health_with_reasons(app_on_each_db: Flask, operator: Visitor) -> None:
    text = words(operator.get(PAGE).text)
    assert "Health healthy" in text
    assert "Database healthy" in text
    with app_on_each_db.app_context(), write_session():
        outbox.enqueue_mail("test", "ann@example.com", {}, about=new_id())
        db.session.flush()
        db.session.execute(update(Message).values(next_attempt_at=now() - timedelta(hours=5)))
        db.session.commit()
    text = words(operator.get(PAGE).text)
    assert "Health degraded" in text
    assert "1 messages are waiting, the oldest for 1800" in text
    assert "The oldest message is overdue by 5 hours" in text


def test_counts_the_backlog_by_channel(hooks: Hooks, operator: Visitor) -> None:
    text = words(operator.get(PAGE).text)
    assert "Mails waiting 0" in text
    assert "Webhooks waiting 0" in text
    assert "Nothing is overdue" in text
    hooks.make()
    hooks.fill()
    hooks.fill(name="Ben")
    text = words(operator.get(PAGE).text)
    assert re.search(r"Mails waiting, the first due \d{4}-\d\d-\d\d \d\d:\d\d 2", text)
    assert re.search(r"Webhooks waiting, the first due [\d: -]+ 2", text)


def test_lists_failing_webhooks_with_owner_host_and_last_answer(hooks: Hooks, operator: Visitor) -> None:
    assert "No webhook fails." in operator.get(PAGE).text
    made = hooks.make(url=hooks.receiver.url("/secret-token"))
    hooks.receiver.reply = Reply(500, body=b"<b>out of order</b>")
    hooks.fill()
    hooks.deliver()
    answer = operator.get(PAGE).text
    assert "secret-token" not in answer
    text = words(answer)
    assert "127.0.0.1 for Contact of owner@example.com" in text
    assert "500 &lt;b&gt;out of order" in text
    assert re.search(r"Fails since \d{4}-\d\d-\d\d \d\d:\d\d , last tried", text)
    hooks.call("PATCH", f"/api/webhooks/{made['id']}", enabled=False)
    assert "No webhook fails." in operator.get(PAGE).text


def test_the_last_answer_is_the_newest_of_several(hooks: Hooks, operator: Visitor) -> None:
    hooks.make()
    for status in (500, 503):
        hooks.receiver.reply = Reply(status)
        hooks.fill(name=str(status))
        hooks.deliver()
    text = words(operator.get(PAGE).text)
    assert "503 Fails since" in text
    assert "500 Fails since" not in text


def test_the_longest_failure_is_first_and_the_list_is_paged(hooks: Hooks, operator: Visitor) -> None:
    for number in range(27):
        hooks.make("/api/webhooks", url=f"http://127.0.0.1:{1000 + number}/", description=f"number {number}")
    with hooks.app.app_context(), write_session():
        for number, webhook in enumerate(db.session.query(Webhook).order_by(Webhook.id)):
            webhook.failing_since = now() - timedelta(hours=number)
        db.session.commit()
    first = operator.get(PAGE).text
    shown = re.findall(r'Fails since <time datetime="([^"]+)"', first)
    assert (len(shown), shown) == (25, sorted(shown))
    more = first.partition("?cursor=")[2].partition('"')[0]
    assert len(re.findall("Fails since", operator.get(f"{PAGE}?cursor={more}").text)) == 2


def test_to_others_the_pages_do_not_exist(app_on_each_db: Flask, key_of: KeyOf, visitor: Visitor) -> None:
    key_of(app_on_each_db, "other@example.com")
    visitor.sign_in("other@example.com")
    token = visitor.token("/console/account")
    assert PAGE not in visitor.get("/console/account").text
    for rule in app_on_each_db.url_map.iter_rules():
        if rule.endpoint.startswith("console_operator."):
            values = {name: uuid.uuid4() for name in rule.arguments}
            path = app_on_each_db.url_map.bind("localhost").build(rule.endpoint, values, next(iter(rule.methods or ())))
            is_post = "POST" in (rule.methods or ())
            answer = visitor.post(path, {"csrf_token": token}) if is_post else visitor.get(path)
            assert answer.status_code == 404, path
