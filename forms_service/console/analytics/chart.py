"""The chart of submissions per day, drawn in the colour of its text."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from xml.etree.ElementTree import tostring

import leather
from leather import theme
from markupsafe import Markup

WIDTH, HEIGHT = 960, 300
TICKS = 6

# leather's own greys on white fail WCAG 1.4.3, and know no dark theme
theme.background_color = "none"
theme.margin = 0.02
theme.tick_color = theme.zero_color = theme.label_color = "currentColor"
theme.tick_font_family = "system-ui, sans-serif"


def draw_days(days: Sequence[Mapping[str, Any]], statuses: Sequence[str]) -> Markup:
    """Return the SVG of a column for each day; the table below it says the same."""
    counts = [sum(day[status] for status in statuses) for day in days]
    chart = leather.Chart()
    chart.add_columns([(day["day"], count) for day, count in zip(days, counts, strict=True)], fill_color="currentColor")
    top = max(2, 2 * -(-max(counts, default=0) // 2))  # even, so that its half is whole
    chart.add_y_scale(0, top)
    chart.add_y_axis(ticks=[0, top // 2, top])
    chart.add_x_axis(ticks=_day_ticks(days), tick_formatter=_format_day)
    group = tostring(chart.to_svg_group(WIDTH, HEIGHT), encoding="unicode")
    # leather's own root element has no viewBox, so it would not scale
    return Markup('<svg viewBox="0 0 {} {}">{}</svg>').format(WIDTH, HEIGHT, Markup(group))  # noqa: S704 (numbers, dates)


def _day_ticks(days: Sequence[Mapping[str, Any]]) -> list[str]:
    step = max(1, -(-len(days) // TICKS))
    return [day["day"] for day in days[::step]]


def _format_day(value: str, *_: Any) -> str:
    return date.fromisoformat(value).strftime("%-d %b")
