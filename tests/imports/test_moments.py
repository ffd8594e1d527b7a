"""Times as services write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from forms_service.imports.moments import DayOrder, Reading

VIENNA = ZoneInfo("Europe/Vienna")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-06T07:08:09Z", "2024-05-06T07:08:09"),
        ("2024-05-06T07:08:09.123456", "2024-05-06T05:08:09.123456"),
        ("2024-05-06 07:08:09+02:00", "2024-05-06T05:08:09"),
        ("2024-05-06 07:08:09 UTC", "2024-05-06T07:08:09"),
        ("2024-05-06", "2024-05-05T22:00:00"),
        ("5/6/2024 7:08:09", "2024-05-06T05:08:09"),
        ("5/6/2024, 12:08:09 AM", "2024-05-05T22:08:09"),
        ("6.5.2024 07:08:09", "2024-05-06T05:08:09"),
        ("06.05.2024 07.08", "2024-05-06T05:08:00"),
        ("2024/05/06 7:08:09 PM GMT+5:30", "2024-05-06T13:38:09"),
        ("2024/05/06 7:08:09 nachm. GMT", None),
        ("Monday, May 6, 2024 at 12:08:09 PM GMT+0:00", "2024-05-06T12:08:09"),
        ("1714979289", "2024-05-06T07:08:09"),
        (1714979289, "2024-05-06T07:08:09"),
        (1714979289.5, "2024-05-06T07:08:09.500000"),
        ("1714979289000", "2024-05-06T07:08:09"),
        ("13/13/2024 1:00", None),
        ("1969-12-31T00:00:00Z", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("yesterday", None),
        (1e300, None),
        ("", None),
        (None, None),
    ],
)
def test_times_are_read(text: str | float | None, expected: str | None) -> None:
    moment = Reading(VIENNA).parse(text)
    assert (moment.replace(tzinfo=None).isoformat() if moment else None) == expected


def test_the_day_may_come_first() -> None:
    assert Reading(UTC, day_first=True).parse("5/6/2024 7:08") == datetime(2024, 6, 5, 7, 8, tzinfo=UTC)


def test_the_future_is_no_time_of_an_answer() -> None:
    ahead = datetime.now(UTC) + timedelta(days=3)
    assert Reading(UTC).parse(ahead.isoformat()) is None


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1/13/2024 1:00", "2/3/2024 1:00"], False),
        (["13/1/2024 1:00"], True),
        (["2024-01-13T01:00"], None),
        ([], None),
    ],
)
def test_the_whole_file_tells_the_order_of_day_and_month(texts: list[str], expected: bool | None) -> None:
    order = DayOrder()
    for text in texts:
        order.see(text)
    assert order.decide() is expected
