"""Keyset pagination: a limit, and an opaque cursor to the next page."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import marshmallow as ma

from forms_service.errors import FieldError, ValidationError
from forms_service.validation.base import Schema
from forms_service.validation.primitives import BoundedInteger

MAX_LIMIT = 100
DEFAULT_LIMIT = 25
MAX_CURSOR_LENGTH = 1000

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """`next` is None on the last."""

    items: Sequence[T]
    next: str | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)


class QueryInteger(BoundedInteger):
    """Digits only."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        digits = re.fullmatch("[0-9]{1,9}", str(value))
        return super()._deserialize(int(value) if digits else None, attr, data, **kwargs)


class PageQuery(Schema):
    """Base of every list's query."""

    limit = QueryInteger(1, MAX_LIMIT, load_default=DEFAULT_LIMIT, metadata={"description": "Items per page."})
    cursor = ma.fields.String(
        load_default=None, metadata={"description": "`meta.next` of the previous page; omit it for the first page."}
    )


def paginate(rows: Sequence[T], limit: int, position: Callable[[T], tuple[Any, ...]]) -> Page[T]:
    """Take rows queried with `limit + 1`; `position` returns a row's sort key."""
    items = rows[:limit]
    return Page(items, encode_cursor(*position(items[-1])) if len(rows) > limit else None)


def encode_cursor(*position: Any) -> str:
    text = json.dumps([str(part) for part in position], separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: Callable[[str], Any]) -> tuple[Any, ...] | None:
    """Return the sort key, each part converted by its kind, such as UUID.

    :raises ValidationError: if malformed
    """
    if cursor is None:
        return None
    try:
        return _parse_cursor(cursor, kinds)
    except (ValueError, TypeError, RecursionError) as error:
        fault = FieldError("Invalid cursor. Omit it to start from the first page.", "invalid_cursor")
        raise ValidationError({"cursor": [fault]}) from error


def _parse_cursor(cursor: str, kinds: Sequence[Callable[[str], Any]]) -> tuple[Any, ...]:
    if len(cursor) > MAX_CURSOR_LENGTH:
        raise ValueError("too long")
    parts = json.loads(urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("not a list of strings")
    return tuple(kind(part) for kind, part in zip(kinds, parts, strict=True))
