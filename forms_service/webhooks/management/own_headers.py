"""Headers that an owner adds to the requests of a webhook."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.validation.base import MAX_NAME_LENGTH, NOT_AN_OBJECT, CodedField, Messages

MAX_HEADERS = 20
MAX_HEADER_NAME = 100
MAX_HEADER_VALUE = 2000

NAME = re.compile(rf"[A-Za-z0-9!#$%&'*+.^_`|~-]{{1,{MAX_HEADER_NAME}}}")
VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
"""ASCII without control characters: no line can be added."""

RESERVED_NAMES = frozenset(
    (
        *("host", "content-length", "content-type", "content-encoding", "transfer-encoding", "accept-encoding"),
        *("connection", "keep-alive", "upgrade", "te", "trailer", "expect", "user-agent"),
    )
)
RESERVED_PREFIXES = ("webhook-", "proxy-")
"""Of what the service or the connection itself sets."""


class OwnHeaders(CodedField):
    """Header name → value; null removes a header from a stored webhook."""

    default_error_messages: Messages = {
        "too_many": f"Must have at most {MAX_HEADERS} headers.",
        "invalid_name": "Not the name of a header, such as X-Api-Key.",
        "reserved": "The service sets this header itself. Use another name.",
        "invalid_value": f"Must be 1 to {MAX_HEADER_VALUE} visible ASCII characters, without line breaks.",
        "repeated": "This header is named twice.",
    }
    json_schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "maxProperties": MAX_HEADERS,
        "additionalProperties": {"type": ["string", "null"], "maxLength": MAX_HEADER_VALUE},
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, str | None]:
        if not isinstance(value, Mapping):
            raise ma.ValidationError([NOT_AN_OBJECT])
        if len(value) > MAX_HEADERS:
            raise self.make_error("too_many")
        errors: dict[str, list[FieldError]] = {}
        seen: set[str] = set()
        for name, text in value.items():
            code = _find_fault(name, text) or ("repeated" if name.lower() in seen else None)
            if code:
                errors[str(name)[:MAX_NAME_LENGTH]] = [self.field_error(code)]
            seen.add(name.lower())
        if errors:
            raise ma.ValidationError(errors)
        return dict(value)


def merge_headers(stored: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return headers after a merge patch (RFC 7396); names differ by more than case."""
    replaced = {name.lower() for name in changes}
    untouched = {name: text for name, text in stored.items() if name.lower() not in replaced}
    return untouched | {name: text for name, text in changes.items() if text is not None}


def _find_fault(name: str, text: object) -> str | None:
    if not NAME.fullmatch(name):
        return "invalid_name"
    if name.lower() in RESERVED_NAMES or name.lower().startswith(RESERVED_PREFIXES):
        return "reserved"
    if text is None:
        return None
    is_valid = isinstance(text, str) and len(text) <= MAX_HEADER_VALUE and VALUE.fullmatch(text)
    return None if is_valid else "invalid_value"
