"""A submission after parsing."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from forms_service.form_schema.field_types import is_filled
from forms_service.languages.formats import ENGLISH
from forms_service.uploads.uploaded_file import Upload


@dataclass
class ParsedSubmission:
    """Content of a request; `data` excludes special fields."""

    data: dict[str, Any] = field(default_factory=dict)
    control: dict[str, str] = field(default_factory=dict)
    """Special fields to store."""

    honeypots: tuple[str, ...] = ()
    """Names of filled-in honeypots."""

    challenge: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Possible CAPTCHA tokens by field name."""

    started: str | None = None
    """Signed time of the hosted page."""

    back: str | None = None
    """Signed return URL after a correction."""

    client: str = ""
    """IP address."""

    language: str = ENGLISH
    """Of the answer, and of mails to the person."""

    by_webhook: bool = False
    """Sent by a webhook, of this service or of another installation."""

    uploads: tuple[Upload, ...] = ()
    publish_files: Callable[[], None] | None = None
    """Stores the files durably; called before the commit."""

    keep_files: Callable[[], None] | None = None
    """Called once files have rows; else they are deleted after the request."""


def first_of(control: Mapping[str, str], names: Collection[str]) -> str | None:
    """Return the first filled-in field."""
    return next((control[name] for name in names if is_filled(control.get(name))), None)


def as_text(value: Any) -> str:
    """Return text, without empty list items."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in filter(is_filled, value)):
        return ", ".join(filter(is_filled, value))
    return "" if value is None else json.dumps(value, ensure_ascii=False)
