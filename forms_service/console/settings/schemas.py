"""The settings form: its controls, by the path of their setting."""

from typing import Any

import marshmallow as ma

from forms_service.validation.base import Schema


class Text(ma.fields.Raw):
    """A text; empty means none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return value if not isinstance(value, str) or value.strip() else None


class Number(Text):
    """A whole number; other text is left for the API's schema to refuse."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        is_number = isinstance(text, str) and text.strip().isascii() and text.strip().isdigit() and len(text) < 20
        return int(text) if is_number else text


class Lines(ma.fields.Raw):
    """One entry a line."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return entries_of(value) if isinstance(value, str) else value


class Box(ma.fields.Raw):
    """Browsers send nothing for a box that is not ticked."""

    def __init__(self) -> None:
        super().__init__(load_default=False)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        return True


TEXTS = (
    *("closed_text", "thanks.title", "thanks.text", "thanks.button_url", "theme.color", "theme.logo_url"),
    *("challenge_site_key", "challenge_secret", "honeypot"),
)
NUMBERS = ("max_submissions", "retention_days")
LISTS = ("allowed_origins", "redirect_urls", "blocklist.words", "blocklist.addresses", "blocklist.networks")
CHOICES = ("challenge", "unknown_fields", "store_ip")
TIMES = ("opens_at", "closes_at")
NAMES = ("name", *TEXTS, *NUMBERS, *LISTS, *CHOICES, *TIMES)
PRIVATE = "challenge_secret"
FORGET = "forget_secret"

SettingsForm = Schema.from_dict(
    {
        **{name: Text() for name in ("name", *TEXTS, *TIMES)},
        **{name: Number() for name in NUMBERS},
        **{name: Lines() for name in LISTS},
        **{name: ma.fields.Raw() for name in CHOICES},
        "closed": Box(),
        FORGET: Box(),
    },
    name="SettingsForm",
)
"""marshmallow nests what has a dot in its name: `thanks.title` becomes `{"thanks": {"title": …}}`."""


def entries_of(text: str) -> list[str]:
    """Return the lines that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]
