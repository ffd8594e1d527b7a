"""Moments as RFC 3339 writes them."""

import re
from datetime import UTC, datetime
from typing import Any, ClassVar

from forms_service.validation.schema import Coded, Messages

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Moment(Coded):
    """A moment with its offset, kept in UTC."""

    default_error_messages: Messages = {"invalid_datetime": "Write a moment such as 2026-11-24T09:30:00Z."}
    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "format": "date-time"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            return moment(value)
        except (ValueError, TypeError):
            raise self.make_error("invalid_datetime") from None


def moment(text: str) -> datetime:
    """The moment that was written, in UTC.

    :raises ValueError: for anything else
    """
    if not RFC_3339.fullmatch(text):
        raise ValueError("not as RFC 3339 writes it")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("before the first year or after the last") from error
