"""When digests are due: at an hour of a time zone, whatever its clocks do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from forms_service.notifications.recipients.schedules import next_digest

VIENNA = "Europe/Vienna"
MONDAY, SUNDAY = 0, 6


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("frequency", "zone", "after", "due"),
    [
        ("hourly", "UTC", "2026-03-01T07:59:59Z", "2026-03-01T08:00Z"),
        ("hourly", "UTC", "2026-03-01T08:00Z", "2026-03-01T09:00Z"),
        ("daily", "UTC", "2026-03-01T07:59:59Z", "2026-03-01T08:00Z"),
        ("daily", "UTC", "2026-03-01T08:00Z", "2026-03-02T08:00Z"),
        ("daily", VIENNA, "2026-03-01T00:00Z", "2026-03-01T07:00Z"),
        ("daily", "Pacific/Kiritimati", "2026-03-01T17:00Z", "2026-03-01T18:00Z"),
        ("daily", "Pacific/Pago_Pago", "2026-03-01T18:59Z", "2026-03-01T19:00Z"),
        ("daily", "Asia/Kathmandu", "2026-03-01T00:00Z", "2026-03-01T02:15Z"),
        ("weekly", VIENNA, "2026-03-02T06:59Z", "2026-03-02T07:00Z"),
        ("weekly", VIENNA, "2026-03-02T07:00Z", "2026-03-09T07:00Z"),
        ("daily", VIENNA, "2026-03-28T07:00Z", "2026-03-29T06:00Z"),
        ("daily", VIENNA, "2026-10-24T06:00Z", "2026-10-25T07:00Z"),
        ("weekly", VIENNA, "2026-03-23T07:00Z", "2026-03-30T06:00Z"),
    ],
)
def test_the_next_one_is_at_the_hour_of_the_zone(frequency: str, zone: str, after: str, due: str) -> None:
    assert next_digest(frequency, 8, MONDAY, zone, at(after)) == at(due)


def test_single_mails_have_no_digest() -> None:
    assert next_digest("instant", 8, MONDAY, "UTC", at("2026-03-01T00:00Z")) is None


def test_an_hour_that_the_clocks_skip_is_the_one_after_it() -> None:
    due = next_digest("daily", 2, MONDAY, VIENNA, at("2026-03-28T12:00Z"))
    assert due == at("2026-03-29T01:00Z")
    assert due.astimezone(ZoneInfo(VIENNA)).hour == 3


def test_an_hour_that_the_clocks_repeat_comes_once() -> None:
    first = next_digest("daily", 2, MONDAY, VIENNA, at("2026-10-24T12:00Z"))
    assert first == at("2026-10-25T00:00Z")
    assert next_digest("daily", 2, MONDAY, VIENNA, at("2026-10-25T00:30Z")) == at("2026-10-26T01:00Z")


def test_a_day_that_a_zone_skips_is_not_told_twice() -> None:
    """Samoa had no 30 December 2011."""
    moment, days = at("2011-12-27T00:00Z"), []
    for _ in range(5):
        moment = next_digest("daily", 8, MONDAY, "Pacific/Apia", moment) or moment
        days.append(moment.astimezone(ZoneInfo("Pacific/Apia")).strftime("%d"))
    assert days == ["27", "28", "29", "31", "01"]


@pytest.mark.parametrize("zone", [VIENNA, "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"])
@pytest.mark.parametrize("hour", [0, 1, 2, 3, 23])
def test_a_year_has_a_digest_each_day_in_every_hour(zone: str, hour: int) -> None:
    moment, end = at("2026-01-01T12:30Z"), at("2027-01-01T12:30Z")
    days = []
    while (moment := next_digest("daily", hour, SUNDAY, zone, moment) or end) < end:
        days.append(moment.astimezone(ZoneInfo(zone)).date())
    assert len(days) == len(set(days)) == 365
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(days))
