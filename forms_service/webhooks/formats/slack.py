"""Slack: Block Kit in plain text, which Slack does not format."""

from forms_service.webhooks.formats import messages
from forms_service.webhooks.formats.base import Format, Target, webhook_format
from forms_service.webhooks.formats.payloads import Event, Payload
from forms_service.webhooks.formats.text_limits import cut, json_length

MAX_HEADER = 150
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escape(text: str) -> str:
    """Escape the characters of mentions and links."""
    return text.translate(ENTITIES)


LIMITS = messages.Limits(lines=30, label=150, text=2800, total=8000, length=json_length, escape=escape)
"""Of 50 blocks with 3,000 characters; together Slack refuses about 13,000 (`msg_blocks_too_long`)."""


@webhook_format("slack")
class SlackFormat(Format):
    """For an incoming webhook of Slack."""

    def render(self, event: Event, target: Target) -> Payload:
        title = messages.title(event)
        header = cut(title, MAX_HEADER, LIMITS.measure)
        lines = [f"{label}\n{text}" for label, text in messages.fit_lines(event, LIMITS)]
        message = {
            "text": escape(title),
            "mrkdwn": False,
            "parse": "none",
            "unfurl_links": False,
            "unfurl_media": False,
            "blocks": [
                {"type": "header", "text": _plain(header)},
                *({"type": "section", "text": _plain(line)} for line in lines),
                *_link(event.link),
            ],
        }
        return Payload(messages.to_body(message))


def _link(url: str) -> list[dict[str, object]]:
    text = {"type": "mrkdwn", "text": f"<{escape(url)}|{messages.LINK_TEXT}>"}
    return [{"type": "section", "text": text}] if url else []


def _plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": escape(text), "emoji": False}
