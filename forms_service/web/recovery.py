"""Recovers a visitor's input from a refused request."""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from flask import g, request

from forms_service.config import settings
from forms_service.form_schema.special_fields import RESERVED
from forms_service.validation.text import storable_text
from forms_service.web.bodies import MULTIPART, PLAIN, URLENCODED, boundary, declared_charset, is_json, media_type
from forms_service.web.charsets import UTF_8
from forms_service.web.form_data import RawField, decode_fields, group_by_name, split_plain, split_urlencoded
from forms_service.web.json_reader import read_form_json
from forms_service.web.multipart import TextParts, read_parts

MAX_PARTS = 500
MAX_CHARACTERS = 2**19
"""In total; the rest is cut off."""

PASSWORD = re.compile(
    r"passw|passphrase|passcode|pwd|kennwort|contrase|mot_?de_?passe|senha|\bpin\b|secret|\bcvv?c?\b|(^|[_-])pass$",
    re.IGNORECASE,
)
"""Fields that no page may show."""


def submitted_values() -> dict[str, Any]:
    """Return name → text or texts; passwords are emptied."""
    body = g.get("body")
    if not isinstance(body, dict):
        pairs = decode_fields(g.get("arrived") or _parsed(), declared_charset())
        body = group_by_name((storable_text(name), storable_text(text)) for name, text in pairs)
    return {name: "" if PASSWORD.search(name) else value for name, value in body.items()}


def words(values: Mapping[str, Any], labels: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return label and text of typed values, for copying."""
    left, pairs = MAX_CHARACTERS, []
    for name, value in values.items():
        texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
        text = "\n".join(filter(str.strip, texts))[:left]
        if text and name not in RESERVED:
            left -= len(text)
            pairs.append((labels.get(name, name), text))
    return pairs


def _parsed() -> list[RawField]:
    fields: list[RawField] = []
    with suppress(Exception):  # whatever is wrong with the body, the visitor is told of the first error
        raw = _arrived()
        if media_type() == URLENCODED:
            fields += split_urlencoded(b"&".join(raw.split(b"&", MAX_PARTS)[:MAX_PARTS]))
        elif media_type() == PLAIN:
            fields += split_plain(raw)
        elif media_type() == MULTIPART:
            _collect(raw, fields)
        elif is_json():
            fields += _texts_of(read_form_json(raw))
    return fields


def _texts_of(body: Any) -> Iterator[RawField]:
    for name, value in body.items() if isinstance(body, dict) else ():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield RawField(name.encode(errors="replace"), text.encode(errors="replace"), UTF_8)


def _arrived() -> bytes:
    request.max_content_length = sys.maxsize  # what is beyond the bound below is not read
    cached: bytes | None = getattr(request, "_cached_data", None)  # get_data() would read on without a limit
    return cached or request.stream.read(settings.max_content_length)


def _collect(raw: bytes, fields: list[RawField]) -> None:
    texts = TextParts()
    try:
        for event in read_parts([raw], boundary()):
            texts.feed(event)
    finally:  # a broken or truncated body has texts before the break
        texts.keep_partial()
        fields += texts.fields
