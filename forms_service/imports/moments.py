"""Times as other services write them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
CLOCK = (
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:\.\d+)?)?"
    r"[ \u202f]?(?P<half>[AaPp]\.?[Mm]\.?)?"
    r"(?: ?(?:GMT|UTC|Z)(?P<offset>[+-]\d{1,2}(?::?\d{1,2})?)?(?P<utc>))?"
)
YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})[/.](?P<month>\d{{1,2}})[/.](?P<day>\d{{1,2}}),? {CLOCK}")
YEAR_LAST = re.compile(rf"(?P<first>\d{{1,2}})(?P<sign>[/.-])(?P<then>\d{{1,2}})(?P=sign)(?P<year>\d{{4}}),? {CLOCK}")
NAMED = re.compile(rf"(?:\w+,? )?(?P<name>[A-Za-z]+) (?P<day>\d{{1,2}}),? (?P<year>\d{{4}})(?:,| at)? {CLOCK}")
EPOCH = re.compile(r"(\d{10})(\d{3})?")
LATIN_OFFSET = re.compile(r" ?(?:UTC|GMT|Z)$")

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
"""Ids hold the seconds since 1970."""

MAX_AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Reading:
    """Reads times without an offset in a zone, and days such as 3/4/2026 in an order."""

    zone: tzinfo
    day_first: bool | None = None

    def parse(self, value: str | float | None) -> datetime | None:
        """Return the moment in UTC; None if it is unreadable, before 1970 or in the future."""
        try:
            moment = self._parse(value).astimezone(UTC) if value is not None else None
        except (ValueError, OverflowError, OSError):
            return None
        return moment if moment and EARLIEST <= moment <= datetime.now(UTC) + MAX_AHEAD else None

    def _parse(self, value: str | float) -> datetime:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        text = value.strip()
        epoch = EPOCH.fullmatch(text)
        if epoch:
            return datetime.fromtimestamp(int(epoch[1]), UTC)
        parts = YEAR_FIRST.fullmatch(text) or YEAR_LAST.fullmatch(text) or NAMED.fullmatch(text)
        if parts:
            return self._from_parts(parts.groupdict())
        utc = LATIN_OFFSET.sub("+00:00", text)
        moment = datetime.fromisoformat(utc)
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)

    def _from_parts(self, parts: dict[str, str | None]) -> datetime:
        year, month, day = self._date(parts)
        hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
        if parts["half"]:
            if not 1 <= hour <= 12:
                raise ValueError("not an hour of twelve")
            hour = hour % 12 + (12 if parts["half"][0] in "Pp" else 0)
        zone = self.zone if parts["utc"] is None else _offset(parts["offset"] or "+0")
        return datetime(year, month, day, hour, minute, second, tzinfo=zone)

    def _date(self, parts: dict[str, str | None]) -> tuple[int, int, int]:
        year = int(parts["year"] or 0)
        if parts.get("name"):
            return year, MONTHS.index(str(parts["name"]).lower()) + 1, int(parts["day"] or 0)
        if parts.get("month"):
            return year, int(parts["month"] or 0), int(parts["day"] or 0)
        first, then = int(parts["first"] or 0), int(parts["then"] or 0)
        return (year, then, first) if parts["sign"] != "/" or self.day_first else (year, first, then)


class DayOrder:
    """Collects evidence whether 3/4/2026 is a day in April or in March."""

    def __init__(self) -> None:
        self.example = ""
        self._day_first = self._month_first = False

    def see(self, value: object) -> None:
        parts = YEAR_LAST.fullmatch(value.strip()) if isinstance(value, str) else None
        if parts and parts["sign"] == "/":
            self.example = self.example or parts[0]
            self._day_first |= int(parts["first"]) > 12
            self._month_first |= int(parts["then"]) > 12

    def decide(self) -> bool | None:
        """Return whether days come first; None without such times.

        :raises ValueError: if the times do not tell, or contradict each other
        """
        if not self.example:
            return None
        if self._day_first == self._month_first:
            why = "Some times have the day first, others the month" if self._day_first else "They do not tell"
            raise ValueError(
                f"Times such as {self.example}: is the day or the month first? {why}. Add --day-first or --month-first."
            )
        return self._day_first


def _offset(text: str) -> timezone:
    hours, _, minutes = text[1:].partition(":") if ":" in text else (text[1:3], "", text[3:])
    delta = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-delta if text[0] == "-" else delta)
