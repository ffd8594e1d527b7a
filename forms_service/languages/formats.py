"""Numbers, sizes, dates, times and lists as each language writes them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any, Self

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit

ENGLISH = "en"

TERRITORIES = {ENGLISH: "en_GB"}
"""Day before month, 24 hours: what no reader of English takes for another date."""

MIDNIGHT = datetime(2000, 1, 1)  # noqa: DTZ001 (of no place)


class Size(int):
    """A number of bytes."""


class Formatted(str):
    """A value as English writes it, and the value itself for the other languages."""

    value: Any

    def __new__(cls, value: Any) -> Self:
        text = super().__new__(cls, _format(value, ENGLISH))
        text.value = value
        return text

    def __getnewargs__(self) -> tuple[Any]:
        return (self.value,)


def show_value(value: object, language: str) -> str:
    """Format what stands in a sentence; text stays as it is."""
    if isinstance(value, Formatted):
        return _format(value.value, language)
    return value if isinstance(value, str) else _format(value, language)


def format_size(count: int, language: str = ENGLISH) -> str:
    """Format as "10 MB"."""
    for unit, size in (("megabyte", 2**20), ("kilobyte", 2**10)):
        if count >= size:
            number = Decimal(f"{count / size:.4g}")
            return format_unit(number, f"digital-{unit}", length="short", locale=_locale(language))
    return format_unit(count, "digital-byte", length="long", locale=_locale(language))


def format_alternatives(items: Sequence[str], language: str) -> str:
    """Format as "PDF, Word or image"."""
    return format_list(items, style="or", locale=_locale(language)) if items else ""


def _format(value: object, language: str) -> str:
    locale = _locale(language)
    if isinstance(value, Size):
        return format_size(value, language)
    if isinstance(value, datetime):
        zone = f" {value.tzname()}" if value.tzinfo else ""
        return f"{format_date(value, 'long', locale)}, {format_time(value, 'short', locale=locale)}{zone}"
    if isinstance(value, date):
        return format_date(value, "long", locale)
    if isinstance(value, timedelta):  # since midnight
        return format_datetime(MIDNIGHT + value, "H:mm:ss" if value.seconds % 60 else "H:mm", locale=locale)
    if isinstance(value, int | float | Decimal):
        return format_decimal(value, locale=locale, decimal_quantization=False)
    return str(value)


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(TERRITORIES.get(language, language))
