"""Text field types."""

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from forms_service.errors import FieldError
from forms_service.form_schema.field_types.base import FieldType, as_text, field_type, is_filled
from forms_service.form_schema.field_types.patterns import MAX_MATCHED_LENGTH, Pattern
from forms_service.languages.sentences import N_, Plural
from forms_service.validation.base import Messages
from forms_service.validation.fields import NOT_AN_EMAIL, clean_address, is_email
from forms_service.validation.urls import is_url
from forms_service.validation.whitespace import strip_ignorable, trim

LENGTHS = ("min_length", "max_length", "pattern")

MAX_TEL_LENGTH = 200

TEL = re.compile(
    r"(?:tel:)?(?P<number>[-+0-9 ().\u2010-\u2015\u2212\u30fc/]+)"
    r"(?:[;, ]*(?:extension|extn|ext|durchwahl|dw|poste|interno|anexo|ramal|int|x|#)[. :=]*(?P<extension>[0-9]{1,10}))?"
)
"""After folding compatible characters and case."""

DIGITS = re.compile("[0-9]")


class BaseTextType(FieldType):
    """Text with length limits and a pattern.

    Lengths count UTF-16 units before NFC, to accept all that browsers do.
    """

    def _prepare(self, definition: Mapping[str, Any]) -> None:
        pattern = definition.get("pattern")
        self._pattern = Pattern(pattern) if pattern else None
        self.size = self._pattern.size if self._pattern else 0
        self._min_length = definition.get("min_length", 0)
        self._max_length = definition.get("max_length", math.inf)
        if self._pattern:
            self._max_length = min(self._max_length, MAX_MATCHED_LENGTH)
        self._checks_length = bool(self._min_length or self._max_length is not math.inf)
        self.accepts_any_text = not self._checks_length and type(self)._error_codes is BaseTextType._error_codes

    def _single(self, value: Any) -> Any:
        return as_text(super()._single(value))

    def _errors(self, value: Any, sent: Any) -> list[FieldError]:
        if not isinstance(value, str):
            return [self.field_error("invalid_text")]
        if self.accepts_any_text:
            return []
        value = self._comparable(value)
        if not self._checks_length:
            codes = self._error_codes(value)
            return [self.field_error(code) for code in codes] if codes else []
        shapes = (
            [_normalize_newlines(value)]
            if value.isascii()
            else [*map(_normalize_newlines, (value, self._comparable(sent)))]
        )
        if min(map(len, shapes)) > self._max_length:
            return [self.field_error("too_long", count=int(self._max_length))]
        errors = [self.field_error(code) for code in self._error_codes(value)]
        if self._min_length and max(map(_utf16_length, shapes)) < self._min_length:
            errors.append(self.field_error("too_short", count=self._min_length))
        if self._pattern and not any(map(self._pattern.matches, shapes)):
            errors.append(self.field_error("pattern"))
        return errors

    def _comparable(self, value: str) -> str:
        return value

    def _error_codes(self, value: str) -> tuple[str, ...]:
        return ()

    default_error_messages: Messages = {
        "too_short": Plural("Must have at least {count} character.", "Must have at least {count} characters."),
        "too_long": Plural("Must have at most {count} character.", "Must have at most {count} characters."),
        "pattern": N_("This is not in the required format. Check it for mistakes."),
    }


@field_type("text", "text", LENGTHS)
class TextType(BaseTextType):
    """A line of text."""


@field_type("textarea", "textarea", LENGTHS)
class TextareaType(BaseTextType):
    """Several lines; a line break counts as one character."""


@field_type("tel", "tel", LENGTHS)
class TelType(BaseTextType):
    """A phone number, with optional extension."""

    trims = True
    default_error_messages: Messages = {"invalid_tel": N_("Enter a phone number such as +43 664 1234567.")}

    def _comparable(self, value: str) -> str:
        return strip_ignorable(value)

    def _error_codes(self, value: str) -> tuple[str, ...]:
        return () if _is_tel(value) else ("invalid_tel",)


@field_type("hidden", "hidden", LENGTHS)
class HiddenType(BaseTextType):
    """A value set by the page: text, object or list."""

    def _errors(self, value: Any, sent: Any) -> list[FieldError]:
        if isinstance(value, dict) and self.accepts_any_text:
            return []  # set by a script: a visitor could not correct it
        if not isinstance(value, list):
            return super()._errors(value, sent)
        texts = [(as_text(text), as_text(raw)) for text, raw in zip(value, sent, strict=True) if is_filled(text)]
        return next(filter(None, (super(HiddenType, self)._errors(*text) for text in texts)), [])


@field_type("email", "email", LENGTHS)
class EmailType(BaseTextType):
    """An e-mail address."""

    trims = True
    default_error_messages: Messages = {"invalid_email": NOT_AN_EMAIL}

    def _comparable(self, value: str) -> str:
        return clean_address(value)

    def _error_codes(self, value: str) -> tuple[str, ...]:
        return () if is_email(value) else ("invalid_email",)


@field_type("url", "url", LENGTHS)
class UrlType(BaseTextType):
    """An absolute URL whose scheme runs no scripts."""

    trims = True
    default_error_messages: Messages = {"invalid_url": N_("Enter a full URL such as https://example.com/page.")}

    def _comparable(self, value: str) -> str:
        return trim(value)

    def _error_codes(self, value: str) -> tuple[str, ...]:
        return () if is_url(value) else ("invalid_url",)


def _normalize_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _is_tel(text: str) -> bool:
    if len(text) > MAX_TEL_LENGTH:
        return False
    match = TEL.fullmatch(" ".join(_fold_to_ascii(text).split()))
    return match is not None and 3 <= len(DIGITS.findall(match["number"])) <= 20


def _fold_to_ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).lower()
    digits = ((unicodedata.decimal(character, None), character) for character in folded)
    return "".join(character if digit is None else str(digit) for digit, character in digits)
