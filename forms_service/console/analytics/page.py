"""Values of the page."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.accounts.preferences import Preferences
from forms_service.console.analytics.chart import draw_days
from forms_service.console.analytics.schemas import PERIODS
from forms_service.database.types import now
from forms_service.forms import service as forms
from forms_service.inbox import statistics
from forms_service.inbox.answers import GENUINE
from forms_service.validation.label_links import strip_links

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
STATUSES = {"inbox": "Inbox", "archived": "Archive", "spam": "Spam", "unconfirmed": "Unconfirmed"}
REFUSALS = {
    "origin": "From a site that is not allowed",
    "origin_null": "From a page that hides its site",
    "challenge": "CAPTCHA missing or failed",
    "invalid": "Something was filled in wrongly",
    "too_large": "Too large, or too many files",
    "limited": "Sent too often",
    "closed": "The form was closed or full",
}


def show_analytics(form_id: str, caller: Caller, days: int, preferences: Preferences) -> dict[str, Any]:
    """Return the page's values for the last `days`, today included.

    :raises NotFoundError: also for a form that the caller may not see
    """
    zone = preferences.zone
    first = now().astimezone(zone).date() - timedelta(days=days - 1)
    stats = statistics.stats(form_id, caller, timezone=zone, since=first)
    by_day = stats["by_day"]
    return {
        "form": forms.get(form_id, caller),
        "stats": stats,
        "days": days,
        "periods": PERIODS,
        "timezone": preferences.timezone,
        "chart": draw_days(by_day, GENUINE),
        "received": sum(day[status] for day in by_day for status in GENUINE),
        "statuses": [(label, sum(day[status] for day in by_day)) for status, label in STATUSES.items()],
        "weekdays": list(zip(WEEKDAYS, stats["by_weekday"], strict=True)),
        "hours": [(f"{hour:02}:00", count) for hour, count in enumerate(stats["by_hour"])],
        "answers": [_shown(field) for field in stats["answers"]["fields"]],
        "refusals": [(REFUSALS[reason], count) for reason, count in stats["refusals"].items() if count],
    }


def _shown(field: Mapping[str, Any]) -> dict[str, Any]:
    rows = [(choice["label"], choice["count"]) for choice in field["choices"]]
    if field["other"]:
        rows.append(("Another value", field["other"]))
    return {"label": strip_links(field["label"]), "rows": rows}
