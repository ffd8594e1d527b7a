"""Submitted values as spreadsheet cells."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from forms_service.form_schema.field_types import NOT_TICKED
from forms_service.validation.datetimes import parse_date, parse_datetime, parse_time
from forms_service.validation.whitespace import strip_ignorable

Cell = str | int | float | bool | date | datetime | timedelta

NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE][+-]?[0-9]{1,3})?")
"""Leading zeros would be lost in a typed cell."""

MAX_DIGITS = 15
"""Significant digits of a spreadsheet."""

MAX_INTEGER = 10**MAX_DIGITS
OFFSET = re.compile("(?:[Zz]|[-+][0-9]{2}:[0-9]{2})$")
DAY = timedelta(days=1)

FIRST_DAY = date(1900, 3, 1)
"""Spreadsheets disagree about earlier days."""

QUOTED = re.compile('[,"\r\n]')
MULTIPLE = ("multiselect",)
BOXES = ("checkbox", "consent")
TICKED = ("on", "true", "yes", "1", True)


def as_text(value: Any) -> str | int | float:
    """Turn nested values into JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        return ", ".join(map(_list_item, value))
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def as_field_text(kind: str, value: Any) -> str | int | float:
    return as_text([value] if kind in MULTIPLE and isinstance(value, str) and value else value)


def as_labels(labels: Mapping[str, str], value: Any, kind: str) -> str | int | float:
    if isinstance(value, list):
        return as_text([labels.get(item, item) if isinstance(item, str) else item for item in value])
    return as_field_text(kind, labels.get(value, value) if isinstance(value, str) else value)


def to_typed_cell(kind: str, value: Any, zone: tzinfo) -> Cell:
    """Return text unless a typed cell is lossless."""
    if isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < MAX_INTEGER else str(value)
    if kind in BOXES and isinstance(value, str | list):
        cell: Cell | None = _box(value if isinstance(value, list) else [value])
    else:
        cell = READERS[kind](strip_ignorable(value), zone) if kind in READERS and isinstance(value, str) else None
    return as_field_text(kind, value) if cell is None else cell


def _list_item(item: str | float) -> str:
    text = json.dumps(item) if isinstance(item, bool) else str(item)
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if QUOTED.search(text) or text != text.strip() else text


def _box(values: Sequence[Any]) -> bool | None:
    words = [value.strip().lower() if isinstance(value, str) else value for value in values]
    if not words or words == [""] or not all(word in TICKED or word in NOT_TICKED for word in words):
        return None  # the page gave the checkbox a value of its own
    return any(word in TICKED for word in words)


def _number(text: str, _: tzinfo) -> int | float | None:
    parts = NUMBER.fullmatch(text)
    if parts is None or len((parts[1] + (parts[2] or "")).lstrip("0")) > MAX_DIGITS:
        return None
    number = float(text)
    if abs(number) >= MAX_INTEGER:
        return None
    return int(number) if number.is_integer() else number


def _date(text: str, _: tzinfo) -> date | None:
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day >= FIRST_DAY else None


def _time(text: str, _: tzinfo) -> timedelta | None:
    try:
        since_midnight = parse_time(text)
    except ValueError:
        return None
    return None if OFFSET.search(text) or since_midnight >= DAY else since_midnight


def _datetime(text: str, zone: tzinfo) -> datetime | None:
    try:
        moment = parse_datetime(text)
        local = moment.astimezone(zone) if OFFSET.search(text, 10) else moment
    except (ValueError, OverflowError):
        return None
    return local.replace(tzinfo=None) if local.date() >= FIRST_DAY else None


READERS: dict[str, Callable[[str, tzinfo], Cell | None]] = {
    "number": _number,
    "integer": _number,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
}
