"""Microsoft Teams: an Adaptive Card whose text runs do not know Markdown."""

import json
import re
from itertools import chain
from typing import Any

from forms_service.webhooks.formats import messages
from forms_service.webhooks.formats.base import Format, Target, webhook_format
from forms_service.webhooks.formats.payloads import Event, Payload
from forms_service.webhooks.formats.text_limits import json_length, utf16_length

CARD = "application/vnd.microsoft.card.adaptive"
FUNCTIONS = re.compile(r"\{(?=\{(?:DATE|TIME)\()")
WORD_JOINER = "\u2060"


def escape(text: str) -> str:
    """Break the functions for dates, which Adaptive Cards know in every text."""
    return FUNCTIONS.sub("{" + WORD_JOINER, text)


def _length(text: str) -> int:
    # Microsoft does not say whether the 28 kB are of UTF-8 or UTF-16
    return max(json_length(text), 2 * utf16_length(json.dumps(text, ensure_ascii=False)[1:-1]))


LIMITS = messages.Limits(lines=25, label=200, text=6000, total=14_000, length=_length, escape=escape)
"""Of a message of 28 kB, with what surrounds the texts."""


@webhook_format("teams")
class TeamsFormat(Format):
    """For the trigger "When a Teams webhook request is received" of Workflows."""

    def render(self, event: Event, target: Target) -> Payload:
        title = escape(messages.title(event))
        card: dict[str, Any] = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": [
                _rich_text({"type": "TextRun", "text": title, "weight": "Bolder", "size": "Medium"}),
                *chain.from_iterable(_field(*line) for line in messages.fit_lines(event, LIMITS)),
            ],
        }
        if event.link:
            card["actions"] = [{"type": "Action.OpenUrl", "title": messages.LINK_TEXT, "url": event.link}]
        attachment = {"contentType": CARD, "contentUrl": None, "content": card}
        return Payload(messages.to_body({"type": "message", "attachments": [attachment]}))


def _field(label: str, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        _rich_text({"type": "TextRun", "text": escape(label), "weight": "Bolder"}),
        {**_rich_text({"type": "TextRun", "text": escape(text)}), "spacing": "None"},
    )


def _rich_text(run: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [run]}
