"""Settings of what visitors see: thanks, theme, the times between which a form is open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from forms_service.errors import FieldError
from forms_service.form_schema.setting_fields import Color, SecureUrl, WebUrl
from forms_service.validation.base import Schema
from forms_service.validation.primitives import MultiLine, SingleLine
from forms_service.validation.urls import MAX_URL_LENGTH

MAX_TITLE_LENGTH = 200
MAX_THANKS_LENGTH = 5_000
MAX_CLOSED_LENGTH = 2_000
CLOSES_BEFORE_IT_OPENS = FieldError("The form would close before it opens. Choose a later time.", "too_early")


@dataclass(frozen=True)
class Thanks:
    """The owner's words on the thank-you page."""

    title: str | None = None
    text: str | None = None
    button_url: str | None = None


@dataclass(frozen=True)
class Theme:
    """The owner's colour (`#rrggbb`) and logo (https)."""

    color: str | None = None
    logo_url: str | None = None


def _optional(description: str) -> dict[str, Any]:
    # null restores the default (RFC 7396)
    return {"load_default": None, "allow_none": True, "metadata": {"description": description}}


class ThanksSchema(Schema):
    """The thank-you page."""

    title = SingleLine(MAX_TITLE_LENGTH, **_optional("Heading; null for that of the service."))
    text = MultiLine(
        MAX_THANKS_LENGTH, **_optional("Text, whose line breaks are kept; also `message` of the JSON answer.")
    )
    button_url = WebUrl(MAX_URL_LENGTH, **_optional("A page that a button leads to."))


class ThemeSchema(Schema):
    """The looks of the hosted pages."""

    color = Color(**_optional("Colour of buttons, links and marks, as `#rrggbb`; the contrast of text is kept."))
    logo_url = SecureUrl(MAX_URL_LENGTH, **_optional("Picture above the form, at an https URL."))


def is_open(settings: Mapping[str, Any], at: datetime) -> bool:
    """Whether saved settings let a form accept submissions at that time, apart from its quota."""
    opens_at, closes_at = settings.get("opens_at"), settings.get("closes_at")
    is_early = opens_at and at < datetime.fromisoformat(opens_at)
    is_late = closes_at and at >= datetime.fromisoformat(closes_at)
    return not (settings.get("closed") or is_early or is_late)


def find_conflicts(settings: Mapping[str, Any]) -> dict[str, list[FieldError]]:
    """Return setting → errors of times in the wrong order."""
    opens_at, closes_at = settings.get("opens_at"), settings.get("closes_at")
    if opens_at and closes_at and not datetime.fromisoformat(opens_at) < datetime.fromisoformat(closes_at):
        return {"closes_at": [CLOSES_BEFORE_IT_OPENS]}
    return {}
