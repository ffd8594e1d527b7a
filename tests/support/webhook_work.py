"""Hostile input for webhooks: what visitors send, what owners set, what endpoints answer."""

from collections.abc import Callable
from typing import Any

from forms_service.form_schema import conditions
from forms_service.webhooks.formats import FORMATS
from forms_service.webhooks.retry_after import parse_retry_after
from tests.support.hostile_input import MARKS, Work, filled
from tests.support.webhook_events import event_of, target_of


def webhook(name: str, template: Any = None) -> Callable[[Any], object]:
    def render(sent: Any) -> object:
        answers = sent if isinstance(sent, dict) else {"a": sent}
        return FORMATS[name].render(event_of(answers), target_of(name, template))

    return render


def small_answers(size: int) -> dict[str, str]:
    return {f"f{number}": "x" for number in range(size // 8)}


WEBHOOK_WORK: dict[str, Work] = {
    "webhook: marks": Work(webhook("standard"), filled(MARKS, "a")),
    "webhook: flags": Work(webhook("standard"), filled("\U0001f1e9\U0001f1ea")),
    "webhook: controls": Work(webhook("standard"), filled("\x01")),
    "webhook: fields": Work(webhook("standard"), small_answers, 16_384),  # cut at each size
    "webhook: lists": Work(webhook("standard"), lambda size: {"a": [[[[[["x"]]]]]] * (size // 8)}, 16_384),
    "webhook: placeholders": Work(webhook("custom", ["{a}{a"] * 1000), filled("{a}")),
    "webhook: template": Work(
        lambda sent: FORMATS["custom"].find_problems(target_of("", sent), ["a"]), lambda size: ["{a"] * size, 64
    ),
    "webhook: conditions": Work(
        lambda sent: conditions.matches([{"field": "a", "contains": "a" * 499 + "b"}], {"a": sent}), filled("a")
    ),
    "webhook: Retry-After": Work(parse_retry_after, filled("9")),
    "chat: Slack": Work(webhook("slack"), filled("<!channel>")),
    "chat: Discord": Work(webhook("discord"), filled("*_`")),
    "chat: Telegram": Work(webhook("telegram"), filled("@a /a ")),
    "chat: Teams": Work(webhook("teams"), filled("{{DATE(")),
    "chat: ntfy": Work(webhook("ntfy"), filled("\r\n\t")),
    "chat: fields": Work(webhook("slack"), small_answers),
}
