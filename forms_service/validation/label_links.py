"""Links in what owners write for visitors: `[text](https://…)` in labels and helps, and no other markup."""

import re
from collections.abc import Iterator

from forms_service.validation.urls import is_web_url

LINK = re.compile(r"\[([^\[\]]+)\]\((https://[^\s()]+)\)")


def split_links(text: str) -> Iterator[tuple[str, str | None]]:
    """The text in pieces, each with the address that it links to; None for running text."""
    position = 0
    for match in LINK.finditer(text):
        if is_web_url(match[2]):
            yield text[position : match.start()], None
            yield match[1], match[2]
            position = match.end()
    yield text[position:], None


def strip_links(text: str) -> str:
    """The text as mails and spreadsheets show it: the words of its links without their addresses."""
    return "".join(words for words, _ in split_links(text)) if "](" in text else text
