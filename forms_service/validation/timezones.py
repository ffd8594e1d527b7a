"""Time zones by IANA name."""

from datetime import UTC, tzinfo
from functools import cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from forms_service.validation.base import CodedField, Messages

MAX_ZONE_LENGTH = 100
REGIONS = (
    *("Africa", "America", "Antarctica", "Arctic", "Asia"),
    *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
)


class Timezone(CodedField):
    default_error_messages: Messages = {"invalid_timezone": "Must be an IANA time zone such as Europe/Vienna."}
    json_schema: ClassVar[dict[str, Any]] = {"type": "string", "examples": ["Europe/Vienna"]}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tzinfo:
        if not isinstance(value, str) or len(value) > MAX_ZONE_LENGTH or value not in _names():
            raise self.make_error("invalid_timezone")
        return UTC if value == "UTC" else ZoneInfo(value)


class TimezoneName(Timezone):
    """Loads as the name."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:  # type: ignore[override]
        return str(super()._deserialize(value, attr, data, **kwargs))


def list_zones() -> dict[str, list[str]]:
    """Return the names that have a place, by region; old aliases and offsets are accepted, but not listed."""
    zones: dict[str, list[str]] = {region: [] for region in REGIONS}
    for name in sorted(_names()):
        region = name.partition("/")[0]
        if region in zones and name.count("/"):
            zones[region].append(name)
    return zones


def zone_names() -> list[str]:
    """Return UTC and the names of `list_zones`."""
    return ["UTC", *(name for names in list_zones().values() for name in names)]


def load_zone(name: str) -> tzinfo:
    """Return a stored time zone; UTC if a newer tzdata has dropped it, which is no reason to lose a mail."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
