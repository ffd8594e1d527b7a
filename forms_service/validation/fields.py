"""Fields of a person."""

import re
import unicodedata
from typing import Any, ClassVar

import marshmallow as ma
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, ValidatedEmail, validate_email

from forms_service.languages.sentences import N_
from forms_service.validation.base import CodedField, Messages
from forms_service.validation.common_passwords import is_common
from forms_service.validation.password_strength import is_guessable
from forms_service.validation.text import WHITE, collapse_whitespace, fold_case, has_control_characters, strip_markup
from forms_service.validation.whitespace import is_blank, strip_ignorable, trim

MAX_EMAIL_LENGTH = 254
"""Octets (RFC 5321, 4.5.3.1.3)."""

NOT_AN_EMAIL = N_("Enter an e-mail address such as ann@example.com.")

_NOT_IN_NAMES = r"\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
"""For JSON Schema; spares white space."""

_SINGLE_CHARACTER_NAMES = (
    r"\u3005\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fd-\u30ff\u3131-\u3163\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff66-\uff6f\uff71-\uff9d"
)
"""Han, Hangul and Kana, for JSON Schema."""

SINGLE_CHARACTER_NAME = re.compile(
    f"[{_SINGLE_CHARACTER_NAMES}\u1100-\u115e\u1161-\u11ff\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)

PLAIN_EMAIL = re.compile(
    r"(?=[^@]{1,64}@)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@"
    r"(?:[A-Za-z0-9](?:-?[A-Za-z0-9]){0,30}\.){1,5}([A-Za-z]{2,20})"
)
"""Needs only a top-level domain check."""

MAX_RAW_LENGTH = 1000


class Text(CodedField):
    """Subclasses override `_cleaned` and `_error_codes`."""

    default_error_messages: Messages = {"invalid": N_("Must be a string.")}
    json_schema: ClassVar[dict[str, Any]] = {}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if self._is_blank(value):
            raise self.make_error("required")  # forms send blank text for a field that was not filled in
        cleaned = self._cleaned(value) if len(value) <= MAX_RAW_LENGTH else value
        codes = self._error_codes(cleaned)
        if codes:
            raise ma.ValidationError([self.field_error(key) for key in codes])
        return cleaned

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value

    def _is_blank(self, value: str) -> bool:
        return is_blank(value)

    def _cleaned(self, value: str) -> str:
        return value

    def _error_codes(self, value: str) -> list[str]:
        return []


class OptionalText(Text):
    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        blank = isinstance(value, str) and self._is_blank(value)
        return super().deserialize(None if blank else value, attr, data, **kwargs)


class Email(Text):
    """Refuses quoted local parts, comments, literals and special-use domains."""

    default_error_messages: Messages = {
        "invalid_email": NOT_AN_EMAIL,
        "too_long": N_("Must have at most 254 characters."),
    }
    json_schema: ClassVar[dict[str, Any]] = {"format": "email", "maxLength": MAX_EMAIL_LENGTH}

    def _cleaned(self, value: str) -> str:
        return value if "\n" in value or "\r" in value else clean_address(value)

    def _error_codes(self, value: str) -> list[str]:
        if len(value) > MAX_EMAIL_LENGTH:
            return ["too_long"]
        return [] if _parse_email(value) else ["invalid_email"]


class PersonName(Text):
    """Refuses markup; "ANN" becomes "Ann"."""

    default_error_messages: Messages = {
        "too_short": N_("Must have at least 2 characters."),
        "too_long": N_("Must have at most 50 characters."),
        "control_characters": N_("Must not contain control characters."),
    }
    json_schema: ClassVar[dict[str, Any]] = {
        "minLength": 1,
        "maxLength": 50,
        "pattern": rf"^([^\s{_NOT_IN_NAMES}]([^{_NOT_IN_NAMES}]*[^\s{_NOT_IN_NAMES}])|[{_SINGLE_CHARACTER_NAMES}])$",
        "description": "2 to 50 characters, or a single Han, Hangul or Kana character.",
    }

    def _cleaned(self, value: str) -> str:
        name = collapse_whitespace(strip_markup(value))
        in_one_case = name.islower() or name.isupper()
        return name.title() if in_one_case and len(name.title()) == len(name) else name

    def _error_codes(self, value: str) -> list[str]:
        is_short = len(value) < 2 and not SINGLE_CHARACTER_NAME.fullmatch(value)
        checks = {
            "too_short": is_short,
            "too_long": len(value) > 50,
            "control_characters": has_control_characters(value),
        }
        return [key for key, failed in checks.items() if failed]


class Password(Text):
    """8 to 128 characters of four classes, uncleaned."""

    default_error_messages: Messages = {
        "too_short": N_("Must have at least 8 characters."),
        "too_long": N_("Must have at most 128 characters."),
        "no_uppercase": N_("Use at least one upper-case letter."),
        "no_lowercase": N_("Use at least one lower-case letter."),
        "no_digit": N_("Use at least one digit."),
        "no_special": N_("Use at least one character that is neither a letter nor a digit, such as ! or #."),
        "too_common": N_("This password is easy to guess. Use several words, or random characters."),
    }
    json_schema: ClassVar[dict[str, Any]] = {
        "format": "password",
        "minLength": 8,
        "maxLength": 128,
        "pattern": r"^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])(?=.*[!-\/:-@\[-`{-~])[^\x00]*$",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(load_only=True, **kwargs)

    def _is_blank(self, value: str) -> bool:
        return value == ""  # spaces are valid

    def _error_codes(self, value: str) -> list[str]:
        if len(value) > 128:
            return ["too_long"]
        checks = {
            "too_short": len(value) < 8,
            "no_uppercase": not any(character.isupper() for character in value),
            "no_lowercase": not any(character.islower() for character in value),
            "no_digit": not any(character.isdecimal() for character in value),
            "no_special": all(character.isalnum() for character in value),
            "too_common": len(value) >= 8 and is_common(value),
        }
        codes = [key for key, failed in checks.items() if failed]
        return codes or (["too_common"] if is_guessable(value) else [])


class Phone(OptionalText):
    """10 to 15 digits; separators are removed."""

    default_error_messages: Messages = {
        "invalid_phone": N_(
            "Use digits only, with an optional leading + and spaces, brackets, dots or dashes in between."
        ),
        "too_short": N_("Must have at least 10 digits."),
        "too_long": N_("Must have at most 15 digits."),
    }
    json_schema: ClassVar[dict[str, Any]] = {"pattern": r"^\s*$|^\+?[0-9]([ ().-]?[0-9]){9,14}$"}

    _separators: ClassVar[re.Pattern[str]] = re.compile(rf"[{WHITE}().\-/\u2010-\u2015]+")

    def _cleaned(self, value: str) -> str:
        bare = self._separators.sub("", strip_ignorable(value))
        return "".join(_ascii_digit(character) for character in bare)

    def _error_codes(self, value: str) -> list[str]:
        digits = value.removeprefix("+")
        if not (digits.isascii() and digits.isdigit()):
            return ["invalid_phone"]
        checks = {"too_short": len(digits) < 10, "too_long": len(digits) > 15}
        return [key for key, failed in checks.items() if failed]


def email_key(address: str) -> str:
    """Normalise for comparison, or raise ValueError."""
    address = clean_address(address)
    if _is_plain(address):
        return address.lower()
    parsed = _parse_email(address)
    if parsed is None:
        raise ValueError(NOT_AN_EMAIL)
    return f"{fold_case(parsed.local_part)}@{parsed.ascii_domain.lower()}"


def clean_address(text: str) -> str:
    """Remove blanks and invisible characters."""
    if _is_plain(text):
        return text
    address = trim(text)
    if address.isascii() or len(address) > MAX_RAW_LENGTH or is_email(address):
        return address
    return strip_ignorable(address)


def is_email(address: str) -> bool:
    """Whether it is valid; a pattern decides most, in 1 µs instead of 20."""
    return _is_plain(address) or _parse_email(address) is not None


def _is_plain(address: str) -> bool:
    match = PLAIN_EMAIL.fullmatch(address) if len(address) <= MAX_EMAIL_LENGTH else None
    return match is not None and match[1].lower() not in SPECIAL_USE_DOMAIN_NAMES


def _parse_email(address: str) -> ValidatedEmail | None:
    if len(address) > MAX_EMAIL_LENGTH:
        return None  # email-validator is quadratic
    try:
        # test_environment only permits the domain .test
        parsed = validate_email(address, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        return None
    return parsed if "." in parsed.ascii_domain else None


def _ascii_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)
