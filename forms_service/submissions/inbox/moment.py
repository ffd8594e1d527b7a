"""Moments in queries and cursors."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from forms_service.validation.moments import datetime_of
from forms_service.validation.schema import Coded, Messages


class Moment(Coded):
    """A moment as RFC 3339 writes it, kept in UTC; without an offset it is meant in UTC."""

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
    try:
        return datetime_of(text).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("before the first year or after the last") from error
