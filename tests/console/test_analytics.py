"""The page of a form's statistics, and what the API counts for it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from forms_service.inbox import answers
from tests.support.console import Visitor
from tests.support.stored import make_form, submit

FIELDS = [
    {"name": "size", "type": "select", "label": "Size", "choices": [{"value": "s", "label": "<b>Small</b>"}, "large"]},
    {"name": "extras", "type": "multiselect", "label": "Extras", "choices": ["tea", "cake"]},
    {"name": "agreed", "type": "consent", "label": "I agree"},
    {"name": "note", "type": "text"},
]
MONDAY_NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)


def stats(app: Flask, owner: dict[str, str], form: str, query: str = "") -> dict[str, Any]:
    answer = app.test_client().get(f"/api/forms/{form}/stats?since=2026-03-01&until=2026-03-31{query}", headers=owner)
    assert answer.status_code == 200
    data: dict[str, Any] = answer.json["data"]
    return data


@pytest.fixture
def answered(app_on_each_db: Flask, owner: dict[str, str]) -> str:
    """A form with four answers, two of them in spam or of an earlier version."""
    form = make_form(app_on_each_db, "owner@example.com", FIELDS)
    rows = (
        ({"size": "s", "extras": ["tea", "cake"], "agreed": "on"}, "inbox"),
        ({"size": "large", "extras": ["tea"], "agreed": ""}, "archived"),
        ({"size": "huge", "extras": [], "note": "s"}, "inbox"),
        ({"size": "s"}, "spam"),
    )
    for data, status in rows:
        submit(app_on_each_db, form, data, status=status, created_at=MONDAY_NIGHT)
    return form


class TestStatistics:
    def test_answers_are_counted_without_spam(
        self, app_on_each_db: Flask, owner: dict[str, str], answered: str
    ) -> None:
        counts = stats(app_on_each_db, owner, answered)["answers"]
        assert (counts["counted"], counts["complete"]) == (3, True)
        size, extras, agreed = counts["fields"]
        assert [(choice["value"], choice["count"]) for choice in size["choices"]] == [("s", 1), ("large", 1)]
        assert (size["other"], size["choices"][0]["label"]) == (1, "<b>Small</b>")
        assert [choice["count"] for choice in extras["choices"]] == [2, 1]
        assert [choice["count"] for choice in agreed["choices"]] == [1, 2]

    def test_counting_stops_in_time_and_says_so(
        self, app_on_each_db: Flask, owner: dict[str, str], answered: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(answers, "MAX_SECONDS", -1.0)
        counts = stats(app_on_each_db, owner, answered)["answers"]
        assert (counts["counted"], counts["complete"]) == (0, False)

    @pytest.mark.parametrize(
        ("zone", "weekday", "hour"), [("UTC", 0, 23), ("Asia/Tokyo", 1, 8), ("America/New_York", 0, 18)]
    )
    def test_hours_and_weekdays_are_those_of_the_zone(
        self, app_on_each_db: Flask, owner: dict[str, str], answered: str, zone: str, weekday: int, hour: int
    ) -> None:
        data = stats(app_on_each_db, owner, answered, f"&timezone={zone}")
        assert (data["by_weekday"][weekday], sum(data["by_weekday"])) == (3, 3)
        assert (data["by_hour"][hour], sum(data["by_hour"])) == (3, 3)

    def test_a_sunday_and_a_changed_offset(self, app_on_each_db: Flask, owner: dict[str, str], answered: str) -> None:
        form = make_form(app_on_each_db)
        for at in (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 30, 0, 30, tzinfo=UTC)):
            submit(app_on_each_db, form, created_at=at)
        data = stats(app_on_each_db, owner, form, "&timezone=Europe/Berlin")
        assert data["by_weekday"] == [1, 0, 0, 0, 0, 0, 1]
        assert (data["by_hour"][1], data["by_hour"][2]) == (1, 1)  # winter time, then summer time

    @pytest.mark.parametrize(
        ("zone", "at", "weekday", "hour"),
        [
            ("Europe/Berlin", "2026-03-29T10:30Z", 6, 12),
            ("Europe/Berlin", "2026-10-25T00:59:59Z", 6, 2),
            ("Europe/Berlin", "2026-10-25T01:00Z", 6, 2),
            ("Europe/Berlin", "2026-10-25T22:30Z", 6, 23),
            ("Australia/Lord_Howe", "2026-04-04T14:59Z", 6, 1),
            ("Australia/Lord_Howe", "2026-04-04T15:29Z", 6, 1),
            ("Australia/Lord_Howe", "2026-04-04T15:30Z", 6, 2),
            ("Asia/Beirut", "2026-03-28T22:00Z", 6, 1),
        ],
    )
    def test_a_day_whose_clocks_change_has_its_own_hours(
        self, app_on_each_db: Flask, owner: dict[str, str], zone: str, at: str, weekday: int, hour: int
    ) -> None:
        form, local = make_form(app_on_each_db), datetime.fromisoformat(at).astimezone(ZoneInfo(zone))
        submit(app_on_each_db, form, created_at=local.astimezone(UTC))
        days = f"since={local:%Y-%m-%d}&until={local:%Y-%m-%d}"
        path = f"/api/forms/{form}/stats?{days}&timezone={zone}"
        data = app_on_each_db.test_client().get(path, headers=owner).json["data"]
        assert (data["by_weekday"].index(1), data["by_hour"].index(1)) == (weekday, hour)


class TestPage:
    def test_shows_the_same_numbers_as_the_table(self, app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
        for _ in range(3):
            submit(app_on_each_db, form)
        answer = signed_in.get(f"/console/forms/{form}/analytics?days=7")
        assert answer.status_code == 200
        assert "<strong>3</strong> submissions in 7 days" in answer.text
        assert answer.text.count('scope="row" class="whole"') == 7

    def test_answers_are_text(self, app_on_each_db: Flask, signed_in: Visitor) -> None:
        form = make_form(app_on_each_db, "owner@example.com", FIELDS)
        submit(app_on_each_db, form, {"size": "s"})
        text = signed_in.get(f"/console/forms/{form}/analytics").text
        assert "&lt;b&gt;Small&lt;/b&gt;" in text
        assert "<b>Small" not in text

    def test_the_chart_has_no_style_of_its_own(self, app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
        text = signed_in.get(f"/console/forms/{form}/analytics?days=90").text
        drawing = text[text.index("<svg") : text.index("</svg>")]
        assert "style=" not in drawing
        assert 'fill="#' not in drawing
        assert len(drawing) < 20_000

    @pytest.mark.parametrize("query", ["days=0", "days=367", "days=x"])
    def test_a_period_out_of_range_is_refused(self, form: str, signed_in: Visitor, query: str) -> None:
        assert signed_in.get(f"/console/forms/{form}/analytics?{query}").status_code == 422


class TestFormsList:
    """The sparkline, the order, and the size of the page."""

    def test_sorts_by_any_column_both_ways(self, app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
        busy = make_form(app_on_each_db)
        submit(app_on_each_db, busy)
        submit(app_on_each_db, form, status="spam", created_at=datetime.now(UTC) - timedelta(days=1))

        def order(query: str) -> list[str]:
            return re.findall(r'<th scope="row"><a dir="auto" href="/console/forms/([^"]+)"', page(query))

        def page(query: str) -> str:
            return signed_in.get(f"/console?{query}").text

        assert order("") == [busy, form]
        assert order("order=up") == [form, busy]
        assert order("sort=unread") == [busy, form]
        assert order("sort=spam") == [form, busy]
        assert order("sort=last") == [busy, form]
        assert signed_in.get("/console?sort=shoe").status_code == 422

    def test_the_sparkline_says_its_sum(self, app_on_each_db: Flask, form: str, signed_in: Visitor) -> None:
        for days in (0, 0, 29, 31):
            submit(app_on_each_db, form, created_at=datetime.now(UTC) - timedelta(days=days))
        assert 'aria-label="3 in 30 days"' in signed_in.get("/console").text

    def test_a_hundred_forms_stay_small(self, app_on_each_db: Flask, signed_in: Visitor) -> None:
        for _ in range(100):
            make_form(app_on_each_db)
        answer = signed_in.get("/console")
        assert answer.text.count('scope="row"') == 100
        assert len(answer.data) <= 150_000
