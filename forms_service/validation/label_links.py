"""Links `[text](https://…)` in labels and help."""

import re
from collections.abc import Iterator

from forms_service.validation.urls import is_web_url

LINK = re.compile(r"\[([^\[\]]+)\]\((https://[^\s()]+)\)")


def split_links(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield pieces of text with their URL or None."""
    position = 0
    for match in LINK.finditer(text):
        if is_web_url(match[2]):
            yield text[position : match.start()], None
            yield match[1], match[2]
            position = match.end()
    yield text[position:], None


def strip_links(text: str) -> str:
    return "".join(label for label, _ in split_links(text)) if "](" in text else text
