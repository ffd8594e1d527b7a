"""A submission after parsing: its data, and the special fields by what they are for."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from forms_service.form_schema.field_types import is_filled
from forms_service.uploads.uploaded_file import Upload


@dataclass
class ParsedSubmission:
    """Content of a request; special fields are taken out of `data`."""

    data: dict[str, Any] = field(default_factory=dict)
    control: dict[str, str] = field(default_factory=dict)
    """Special fields that are stored beside the data."""

    honeypots: tuple[str, ...] = ()
    """Names of the honeypots that were filled in."""

    challenge: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Possible CAPTCHA tokens, by the name of their field."""

    started: str | None = None
    """Signed time at which the hosted page was shown."""

    back: str | None = None
    """Signed URL that a form leads to after a correction."""

    client: str = ""
    """The client's address."""

    uploads: tuple[Upload, ...] = ()
    keep_files: Callable[[], None] | None = None
    """Called once the files have rows; otherwise they are deleted after the request."""


def first_of(control: Mapping[str, str], names: Collection[str]) -> str | None:
    """Return the first of these special fields that is filled in."""
    return next((control[name] for name in names if is_filled(control.get(name))), None)


def as_text(value: Any) -> str:
    """Return a value as one text; the empty ones of several do not count."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in filter(is_filled, value)):
        return ", ".join(filter(is_filled, value))
    return "" if value is None else json.dumps(value, ensure_ascii=False)
