"""ntfy: plain text to a topic; title and link are headers."""

import base64
import re

from forms_service.webhooks.formats import messages
from forms_service.webhooks.formats.base import Format, Target, webhook_format
from forms_service.webhooks.formats.payloads import Event, Payload
from forms_service.webhooks.formats.text_limits import utf8_length

MAX_MESSAGE = 4096
"""Bytes; a longer one becomes an attachment."""

ENCODED_CHARACTERS = 11
"""In an encoded word of at most 75 characters (RFC 2047)."""

PLAIN = re.compile(r"[ -~]+")


@webhook_format("ntfy")
class NtfyFormat(Format):
    """For `https://ntfy.sh/topic`.

    ntfy takes JSON only at its root, so a topic's own address gets text.
    """

    def render(self, event: Event, target: Target) -> Payload:
        title = messages.title(event)
        text = messages.compose_text(event, "", MAX_MESSAGE, utf8_length) or title
        headers = {"Title": encode_header(title), "Markdown": "no"}
        if event.link:
            headers["Click"] = event.link
        return Payload(text.encode("utf-8", "replace"), "text/plain; charset=utf-8", headers)


def encode_header(text: str) -> str:
    """Return the text as encoded words, unless it is plain ASCII."""
    if PLAIN.fullmatch(text) and "=?" not in text:
        return text
    pieces = (text[start : start + ENCODED_CHARACTERS] for start in range(0, len(text), ENCODED_CHARACTERS))
    return " ".join(f"=?utf-8?b?{base64.b64encode(piece.encode('utf-8', 'replace')).decode()}?=" for piece in pieces)
