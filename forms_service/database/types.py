"""Column types, ids and times."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import DateTime
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from uuid_utils.compat import uuid7

from forms_service.database.sqlite import datetime_text


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC, on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Any:
        # by hand: four times as fast as SQLAlchemy's own type
        return datetime_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


new_id: Callable[[], uuid.UUID] = uuid7
"""Returns a UUIDv7, which sorts by creation time."""

now: Callable[[], datetime] = partial(datetime.now, UTC)


def one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"
