"""Formats of webhooks in words that owners use."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

FORMATS = {
    "standard": (
        "Program",
        "The whole submission as JSON, signed by Standard Webhooks: for your program, n8n, Zapier or Make.",
    ),
    "slack": ("Slack", "A message in a channel. The URL is that of an incoming webhook of your Slack app."),
    "discord": (
        "Discord",
        "A message in a channel. The URL is that of the channel's webhook, in its settings under Integrations.",
    ),
    "telegram": (
        "Telegram",
        "A message of your bot: https://api.telegram.org/bot<token>/sendMessage?chat_id=<chat>.",
    ),
    "teams": (
        "Microsoft Teams",
        "A card in a channel or chat. The URL is that of the workflow “When a Teams webhook request is received”.",
    ),
    "ntfy": ("ntfy", "A notification on phones. The URL is that of a topic, such as https://ntfy.sh/<topic>."),
    "custom": ("Other JSON", "A body of your own: whatever takes JSON."),
}
"""Label and sentence."""

MAX_EXAMPLE_FIELDS = 3


def example_template(fields: Sequence[Mapping[str, Any]]) -> str:
    """Return a template for a form, which a webhook takes as it is."""
    names = [field["name"] for field in fields if field["type"] != "file"][:MAX_EXAMPLE_FIELDS]
    usable = [name for name in names if not set(name) & set("{}\n") and len(name) <= 100]
    values = {name: f"{{{name}}}" for name in usable or ([] if fields else ["name", "email", "message"])}
    return json.dumps({"title": "{form} ({reference})", **values}, ensure_ascii=False, indent=2)


def shown_template(template: Any) -> str:
    """Return a stored template as text."""
    if template is None:
        return ""
    return template if isinstance(template, str) else json.dumps(template, ensure_ascii=False, indent=2)
