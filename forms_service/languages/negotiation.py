"""Choice of a language by tag or `Accept-Language` (RFC 9110, 12.5.4), in linear time."""

import re
from collections.abc import Sequence
from functools import lru_cache

from forms_service.languages.catalogues import LANGUAGES

MAX_HEADER = 1000
"""Characters that are read; browsers send fewer than 100."""

MAX_REMEMBERED = 256

_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}|\*)(?:[-_][A-Za-z0-9]{1,8}){0,7}\s*(?:;\s*[Qq]\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?"
)


def match_tag(tag: str, offered: Sequence[str] = LANGUAGES) -> str | None:
    """Return the language of a tag such as `de-AT`, if it is offered."""
    match = _RANGE.fullmatch(tag[:MAX_HEADER])
    language = match[1].lower() if match else ""
    return language if language in offered else None


def choose_language(accept: str, offered: tuple[str, ...] = LANGUAGES) -> str:
    """Return the offered language that a header prefers, else the first one."""
    return _remembered(accept, offered) if len(accept) <= MAX_REMEMBERED else _choose(accept, offered)


def _choose(accept: str, offered: tuple[str, ...]) -> str:
    best, best_quality = offered[0], 0.0
    for entry in accept[:MAX_HEADER].split(","):
        match = _RANGE.fullmatch(entry)
        if match is None:
            continue
        quality = float(match[2] or 1)
        language = offered[0] if match[1] == "*" else match[1].lower()
        if quality > best_quality and language in offered:
            best, best_quality = language, quality
    return best


_remembered = lru_cache(512)(_choose)
