"""Telegram: plain text for a bot's sendMessage."""

import re
from collections.abc import Collection
from urllib.parse import parse_qs

from forms_service.webhooks.formats import messages
from forms_service.webhooks.formats.base import Format, Problems, Target, webhook_format
from forms_service.webhooks.formats.payloads import Event, Payload
from forms_service.webhooks.formats.text_limits import utf16_length

MAX_TEXT = 4096
"""UTF-16 units."""

ADDRESSES = ("chat_id", "message_thread_id")
"""Taken from the query of the URL, where owners write them."""

MENTIONS = re.compile(r"(?:(?<!\w)@|(?<![\w/<>])/)(?=\w)", re.ASCII)
WORD_JOINER = "\u2060"


def escape(text: str) -> str:
    """Break mentions and commands, which Telegram finds in plain text, by an invisible character."""
    return MENTIONS.sub(lambda match: match[0] + WORD_JOINER, text)


@webhook_format("telegram")
class TelegramFormat(Format):
    """For `https://api.telegram.org/bot…/sendMessage?chat_id=…`."""

    def render(self, event: Event, target: Target) -> Payload:
        message = {
            **_addresses(target.url),
            "text": messages.compose_text(event, escape(messages.title(event)), MAX_TEXT, utf16_length, escape),
            "link_preview_options": {"is_disabled": True},
        }
        return Payload(messages.to_body(message))

    def find_problems(self, target: Target, fields: Collection[str] | None = None) -> Problems:
        if "chat_id" in _addresses(target.url):
            return {}
        return {"url": "Add the chat, as in https://api.telegram.org/bot<token>/sendMessage?chat_id=-1001234567890."}


def _addresses(url: str) -> dict[str, str]:
    query = parse_qs(url.partition("#")[0].partition("?")[2])
    return {name: query[name][0] for name in ADDRESSES if name in query}
