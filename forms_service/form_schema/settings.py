"""Settings of a form: defaults, validation, conflicts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import marshmallow as ma

from forms_service.captchas import CAPTCHAS
from forms_service.errors import FieldError
from forms_service.form_schema import appearance, languages, mail_texts
from forms_service.form_schema.appearance import MAX_CLOSED_LENGTH, Thanks, ThanksSchema, Theme, ThemeSchema
from forms_service.form_schema.compiler import UNKNOWN_FIELDS
from forms_service.form_schema.language_schemas import LanguagesChanges, LanguagesSchema
from forms_service.form_schema.languages import Languages, load_languages
from forms_service.form_schema.mail_texts import DoubleOptIn, DoubleOptInField, Reply, ReplyChanges, ReplySchema
from forms_service.form_schema.setting_fields import HoneypotName, Moment, Network, Origin, SenderPattern, WebUrl
from forms_service.validation.base import MAX_NAME_LENGTH, Schema
from forms_service.validation.fields import MAX_EMAIL_LENGTH
from forms_service.validation.primitives import (
    BoundedInteger,
    BoundedList,
    MultiLine,
    OneOf,
    SingleLine,
    StrictBoolean,
)
from forms_service.validation.urls import MAX_URL_LENGTH

CHALLENGES = ("none", *CAPTCHAS)
WITH_PROVIDER_KEYS = tuple(name for name, captcha in CAPTCHAS.items() if captcha.verify_url)

STORE_IP = ("truncated", "none", "full")
RETIRED = frozenset(("notify",))
"""Names in settings that earlier versions saved."""

PARTS: dict[str, Callable[..., Any]] = {
    "reply": Reply,
    "double_opt_in": DoubleOptIn,
    "thanks": Thanks,
    "theme": Theme,
    "languages": lambda **saved: load_languages(saved),
}
MAX_ENTRIES = 100
MAX_BLOCKLIST_ENTRIES = 1000
MAX_BLOCKLIST_ENTRY_LENGTH = 200
MAX_KEY_LENGTH = 500
MAX_SUBJECT_LENGTH = 200


@dataclass(frozen=True)
class Blocklist:
    """Words, addresses or domains, and networks that mark spam."""

    words: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()


@dataclass(frozen=True)
class FormSettings:
    """Settings of a form."""

    allowed_origins: tuple[str, ...] = ()
    redirect_urls: tuple[str, ...] = ()
    unknown_fields: str = "keep"
    subject: str | None = None
    reply: Reply | None = None
    honeypot: str | None = None
    challenge: str = "none"
    challenge_site_key: str | None = None
    challenge_secret: str | None = field(default=None, repr=False)
    double_opt_in: DoubleOptIn | None = None
    blocklist: Blocklist = Blocklist()
    retention_days: int | None = None
    closed: bool = False
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    max_submissions: int | None = None
    thanks: Thanks = field(default_factory=Thanks)
    closed_text: str | None = None
    theme: Theme = field(default_factory=Theme)
    languages: Languages = field(default_factory=Languages)
    store_ip: str = "truncated"


def _optional(description: str, default: Any = None) -> dict[str, Any]:
    # null restores the default (RFC 7396)
    return {"load_default": default, "allow_none": True, "metadata": {"description": description}}


DOUBLE_OPT_IN = (
    "False, or `subject` and `text` of the mail that asks the person to confirm. Both may hold the placeholders of "
    "`reply`; `{link}` in the text stands for the link, which is appended without it."
)


LANGUAGES_OF_FORM = "Language of the form, and its texts in others; empty: pages are in the visitor's language."


class BlocklistSchema(Schema):
    """Submissions that match any entry are spam."""

    words = BoundedList(
        SingleLine(MAX_BLOCKLIST_ENTRY_LENGTH),
        MAX_BLOCKLIST_ENTRIES,
        **_optional("Words and phrases, ignoring case; a submission that contains one is spam.", list),
    )
    addresses = BoundedList(
        SenderPattern(MAX_EMAIL_LENGTH),
        MAX_BLOCKLIST_ENTRIES,
        **_optional("E-mail addresses, or `@example.com` for a whole domain.", list),
    )
    networks = BoundedList(
        Network(50),
        MAX_BLOCKLIST_ENTRIES,
        **_optional("Client IP addresses or networks, such as `192.0.2.0/24`.", list),
    )


class FormSettingsSchema(Schema):
    """Behaviour of a form; null means the default."""

    allowed_origins = BoundedList(
        Origin(MAX_URL_LENGTH),
        MAX_ENTRIES,
        **_optional("Sites whose pages may submit the form; empty means any.", list),
    )
    redirect_urls = BoundedList(
        WebUrl(MAX_URL_LENGTH),
        MAX_ENTRIES,
        **_optional("Pages to redirect visitors to, besides those of the site that submitted the form.", list),
    )
    unknown_fields = OneOf(
        UNKNOWN_FIELDS,
        **_optional("What happens to fields that the form does not define: `keep`, `drop` or `reject`.", "keep"),
    )
    subject = SingleLine(
        MAX_SUBJECT_LENGTH,
        **_optional("Subject of notifications; may hold `{field}` (a field's name), `{reference}` and `{form}`."),
    )
    reply = ma.fields.Nested(ReplySchema, **_optional("Automatic reply to the person who submitted; null sends none."))
    honeypot = HoneypotName(MAX_NAME_LENGTH, **_optional("Name of a further honeypot field. Filled in, it means spam."))
    challenge = OneOf(CHALLENGES, **_optional("The CAPTCHA that submissions must pass.", "none"))
    challenge_site_key = SingleLine(
        MAX_KEY_LENGTH, **_optional("The provider's public key, for `turnstile`, `hcaptcha` and `recaptcha`.")
    )
    challenge_secret = SingleLine(
        MAX_KEY_LENGTH, load_only=True, **_optional("The provider's secret key; never returned.")
    )
    double_opt_in = DoubleOptInField(**_optional(DOUBLE_OPT_IN, False))
    blocklist = ma.fields.Nested(BlocklistSchema, **_optional("Submissions that match any entry are spam.", dict))
    retention_days = BoundedInteger(1, 36_500, **_optional("Days after which submissions are erased; null keeps them."))
    closed = StrictBoolean(**_optional("While true, the form accepts no submissions.", False))
    opens_at = Moment(**_optional("The form accepts submissions from this date-time on; null: at once."))
    closes_at = Moment(**_optional("The form accepts submissions until this date-time; null: without end."))
    max_submissions = BoundedInteger(
        1, 1_000_000_000, **_optional("Maximum number of submissions, not counting spam; null means unlimited.")
    )
    thanks = ma.fields.Nested(ThanksSchema, **_optional("The thank-you page.", dict))
    closed_text = MultiLine(
        MAX_CLOSED_LENGTH, **_optional("Shown instead of the form while it is closed, full or not open yet.")
    )
    theme = ma.fields.Nested(ThemeSchema, **_optional("Looks of hosted pages.", dict))
    languages = ma.fields.Nested(LanguagesSchema, **_optional(LANGUAGES_OF_FORM, dict))
    store_ip = OneOf(
        STORE_IP,
        **_optional("How much of the client's IP address is stored; `truncated` keeps its network.", "truncated"),
    )


def drop_default(self: Schema, field_name: str, field_obj: ma.fields.Field[Any]) -> None:
    """Make a patch keep unnamed settings."""
    field_obj.load_default = ma.missing


class BlocklistChanges(BlocklistSchema):
    """A patch of the blocklist."""

    on_bind_field = drop_default


class ThanksChanges(ThanksSchema):
    """A patch of the thank-you page."""

    on_bind_field = drop_default


class ThemeChanges(ThemeSchema):
    """A patch of the looks."""

    on_bind_field = drop_default


class FormSettingsChanges(FormSettingsSchema):
    """A patch of the settings; null restores a default."""

    on_bind_field = drop_default
    blocklist = ma.fields.Nested(
        BlocklistChanges, allow_none=True, metadata={"description": "Submissions that match any entry are spam."}
    )
    thanks = ma.fields.Nested(ThanksChanges, allow_none=True, metadata={"description": "The thank-you page."})
    theme = ma.fields.Nested(ThemeChanges, allow_none=True, metadata={"description": "Looks of hosted pages."})
    languages = ma.fields.Nested(LanguagesChanges, allow_none=True, metadata={"description": LANGUAGES_OF_FORM})
    reply = ma.fields.Nested(
        ReplyChanges, allow_none=True, metadata={"description": "Automatic reply to the person who submitted."}
    )
    double_opt_in = DoubleOptInField(partial=True, allow_none=True, metadata={"description": DOUBLE_OPT_IN})


def merge_patch(current: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a JSON merge patch (RFC 7396)."""
    result = dict(current)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            inner = result.get(name)
            result[name] = merge_patch(inner if isinstance(inner, Mapping) else {}, value)
        else:
            result[name] = value
    return result


def find_conflicts(fields: Sequence[Any], settings: Mapping[str, Any]) -> dict[str, list[FieldError]]:
    """Return setting → errors of disallowed combinations."""
    names: list[Any] = [definition.get("name") for definition in fields if isinstance(definition, Mapping)]
    errors = mail_texts.find_conflicts(fields, settings) | appearance.find_conflicts(settings)
    errors |= languages.find_conflicts(fields, settings)
    if settings.get("honeypot") is not None and settings["honeypot"] in names:
        errors["honeypot"] = [FieldError("A field of the form cannot be the honeypot.", "taken")]
    if settings.get("challenge") in WITH_PROVIDER_KEYS:
        for key in ("challenge_site_key", "challenge_secret"):
            if not settings.get(key):
                message = f"Required for {settings['challenge']}. Copy it from the provider's dashboard."
                errors[key] = [FieldError(message, "required")]
    return errors


def load_settings(saved: Mapping[str, Any]) -> FormSettings:
    """Load saved settings, with defaults for newer ones."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in saved.items()
        if name not in RETIRED and name not in PARTS
    }
    parts = {name: build(**saved[name]) for name, build in PARTS.items() if saved.get(name)}
    blocklist = {name: tuple(entries) for name, entries in saved.get("blocklist", {}).items()}
    times = {name: datetime.fromisoformat(saved[name]) for name in ("opens_at", "closes_at") if saved.get(name)}
    return FormSettings(**{**values, **parts, **times, "blocklist": Blocklist(**blocklist)})
