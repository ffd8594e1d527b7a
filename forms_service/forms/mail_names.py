"""Names of forms in mails to strangers."""

from forms_service.validation.text import collapse_whitespace, strip_controls

MAX_NAME_LENGTH = 60
"""Strangers read it, so it holds no message."""


def form_name(name: str) -> str:
    """Return a form's name in one short line that no mail program turns into a link."""
    line = strip_controls(collapse_whitespace(name))[:MAX_NAME_LENGTH]
    return line.replace("://", ": //").replace(".", "\u2024") if _has_link(line) else line


def _has_link(line: str) -> bool:
    lowered = line.casefold()
    return "://" in lowered or "www." in lowered or any("." in word.strip(".") for word in lowered.split())
