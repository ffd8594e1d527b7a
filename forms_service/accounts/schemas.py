"""Fields shared by account schemas."""

from typing import Any, ClassVar

from forms_service.accounts.models import SCOPES
from forms_service.languages.sentences import N_
from forms_service.validation.base import CodedField, Messages
from forms_service.validation.fields import Text
from forms_service.validation.text import collapse_whitespace, has_control_characters


class CurrentPassword(Text):
    """Existing password, exempt from password rules."""

    default_error_messages: Messages = {"too_long": N_("Must have at most 128 characters.")}
    json_schema: ClassVar[dict[str, Any]] = {
        "format": "password",
        "minLength": 1,
        "maxLength": 128,
        "pattern": r"^[^\x00]+$",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(load_only=True, **kwargs)

    def _is_blank(self, value: str) -> bool:
        return value == ""

    def _error_codes(self, value: str) -> list[str]:
        return ["too_long"] if len(value) > 128 else []


class TokenField(Text):
    """A token, validated at lookup."""

    default_error_messages: Messages = {"too_long": N_("Invalid token.")}
    json_schema: ClassVar[dict[str, Any]] = {"minLength": 1, "maxLength": 1000, "pattern": "^[!-~]+$"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(load_only=True, **kwargs)

    def _error_codes(self, value: str) -> list[str]:
        return ["too_long"] if len(value) > 1000 else []


class Checkbox(CodedField):
    default_error_messages: Messages = {"invalid": N_("Must be true or false.")}
    json_schema: ClassVar[dict[str, Any]] = {
        "anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["true", "false", "on"]}]
    }

    _WORDS: ClassVar[dict[str, bool]] = {"true": True, "on": True, "1": True, "false": False, "0": False, "": False}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        ticked = self._WORDS.get(value.lower()) if isinstance(value, str) else value
        if not isinstance(ticked, bool):
            raise self.make_error("invalid")
        return ticked


class KeyName(Text):
    default_error_messages: Messages = {
        "too_long": "Must have at most 100 characters.",
        "control_characters": "Must not contain control characters.",
    }
    json_schema: ClassVar[dict[str, Any]] = {
        "minLength": 1,
        "maxLength": 100,
        "pattern": r"^[^\x00-\x1f\x7f-\x9f]*\S[^\x00-\x1f\x7f-\x9f]*$",
    }

    def _cleaned(self, value: str) -> str:
        return collapse_whitespace(value)

    def _error_codes(self, value: str) -> list[str]:
        checks = {"too_long": len(value) > 100, "control_characters": has_control_characters(value)}
        return [key for key, wrong in checks.items() if wrong]


class Scopes(CodedField):
    default_error_messages: Messages = {"invalid_scopes": f"Must be a list of scopes: {', '.join(SCOPES)}."}
    json_schema: ClassVar[dict[str, Any]] = {
        "type": "array",
        "items": {"type": "string", "enum": list(SCOPES)},
        "minItems": 1,
        "uniqueItems": True,
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        if not isinstance(value, list) or not value or any(scope not in SCOPES for scope in value):
            raise self.make_error("invalid_scopes")
        return [scope for scope in SCOPES if scope in value]
