"""Discord: an embed, in which every character of Markdown is escaped."""

import re
from urllib.parse import urlsplit

from forms_service.webhooks.formats import messages
from forms_service.webhooks.formats.base import Format, Target, webhook_format
from forms_service.webhooks.formats.payloads import Event, Payload, format_timestamp
from forms_service.webhooks.formats.text_limits import cut

MAX_TITLE = 256
MARKUP = re.compile(r"([\\*_~`|<>@#:\[\]().-])")
"""Mentions, emoji, links, lists, headings and styles begin or end with one of these."""


def escape(text: str) -> str:
    """Escape Markdown, mentions and addresses that would become links."""
    return MARKUP.sub(r"\\\1", text)


LIMITS = messages.Limits(lines=25, label=100, text=1024, total=5500, escape=escape)
"""Of 6,000 characters together. Discord counts code points; UTF-16 units are never fewer."""


@webhook_format("discord")
class DiscordFormat(Format):
    """For a webhook of a Discord channel."""

    def render(self, event: Event, target: Target) -> Payload:
        embed = {
            "title": escape(cut(messages.title(event), MAX_TITLE, LIMITS.measure)),
            "timestamp": format_timestamp(event.timestamp),
            "fields": [
                {"name": escape(label), "value": escape(text), "inline": False}
                for label, text in messages.fit_lines(event, LIMITS)
            ],
        }
        if "." in (urlsplit(event.link).hostname or ""):
            embed["url"] = event.link  # Discord refuses localhost
        return Payload(messages.to_body({"allowed_mentions": {"parse": []}, "embeds": [embed]}))
