"""Field types with an order: numbers, dates and times."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from forms_service.errors import FieldError
from forms_service.form_schema.field_types.base import FieldType, field_type
from forms_service.languages.formats import Formatted
from forms_service.languages.sentences import N_
from forms_service.validation.base import Messages
from forms_service.validation.datetimes import parse_date, parse_datetime, parse_time
from forms_service.validation.whitespace import strip_ignorable

RANGE = ("min", "max")
NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
MAX_NUMBER_LENGTH = 400
LOCAL = re.compile(r"[0-9-]{10}|(?:[0-9-]{10}[Tt ])?[0-9:]{5,8}")
"""A date or time without an offset."""


class OrderedType(FieldType):
    """A comparable value."""

    trims = True
    invalid: ClassVar[str]

    def _prepare(self, definition: Mapping[str, Any]) -> None:
        self._min, self._max = (self.bound(definition[rule]) if rule in definition else None for rule in RANGE)

    def _errors(self, value: Any, sent: Any) -> list[FieldError]:
        try:
            parsed = self.bound(strip_ignorable(value) if isinstance(value, str) else value)
        except ValueError:
            return [self.field_error(self.invalid)]
        if self._min is not None and parsed < self._min:
            return [self.field_error("too_small", min=self._shown(self._min, "min"))]
        if self._max is not None and parsed > self._max:
            return [self.field_error("too_big", max=self._shown(self._max, "max"))]
        return []

    def _shown(self, bound: Any, rule: str) -> str:
        text = self.definition[rule]
        if isinstance(text, str) and not LOCAL.fullmatch(text):
            return text  # with an offset: as the owner wrote it
        return Formatted(bound.replace(tzinfo=None) if isinstance(bound, datetime) else bound)


@field_type("number", "number", RANGE)
class NumberType(OrderedType):
    """A JSON number, or text as HTML writes one (12, -0.5, 1e3)."""

    invalid = "invalid_number"
    default_error_messages: Messages = {"invalid_number": N_("Enter a number such as 12 or 0.5.")}

    @classmethod
    def bound(cls, value: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("not a number")
        text = str(value)
        if len(text) > MAX_NUMBER_LENGTH or not NUMBER.fullmatch(text) or math.isinf(float(text)):
            raise ValueError("not a number")
        try:
            return Decimal(text)
        except ArithmeticError as error:  # an exponent of twenty digits
            raise ValueError("not a number") from error


@field_type("integer", "number", RANGE)
class IntegerType(NumberType):
    """A number without a fraction."""

    default_error_messages: Messages = {"invalid_number": N_("Enter a whole number such as 12.")}

    @classmethod
    def bound(cls, value: Any) -> Decimal:
        number = super().bound(value)
        if number != number.to_integral_value():
            raise ValueError("not an integer")
        return number


class TemporalType(OrderedType):
    """A date or time, as text."""

    read: ClassVar[Any]

    @classmethod
    def bound(cls, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError("not a text")  # the same error for every wrong type
        return cls.read(value)

    default_error_messages: Messages = {
        "too_small": N_("Must not be before {min}."),
        "too_big": N_("Must not be after {max}."),
    }


@field_type("date", "date", RANGE)
class DateType(TemporalType):
    """A day, such as `2026-03-01`."""

    invalid = "invalid_date"
    read = staticmethod(parse_date)
    default_error_messages: Messages = {"invalid_date": N_("Enter a date such as 2026-03-01.")}


@field_type("time", "time", RANGE)
class TimeType(TemporalType):
    """A time of day, such as `18:30`."""

    invalid = "invalid_time"
    read = staticmethod(parse_time)
    default_error_messages: Messages = {"invalid_time": N_("Enter a time such as 18:30.")}


@field_type("datetime", "datetime-local", RANGE)
class DatetimeType(TemporalType):
    """Such as `2026-03-01T18:30`; UTC without an offset."""

    invalid = "invalid_datetime"
    read = staticmethod(parse_datetime)
    default_error_messages: Messages = {"invalid_datetime": N_("Enter a date and time such as 2026-03-01T18:30.")}
