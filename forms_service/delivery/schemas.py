"""Schema of a provider's bounce report."""

from typing import Any, ClassVar

from forms_service.validation.base import CodedField, Messages, Schema
from forms_service.validation.fields import Email
from forms_service.validation.primitives import OneOf

TYPES = ("hard", "soft", "complaint")


class Words(CodedField):
    """A string of any length: a provider's own words are never refused."""

    default_error_messages: Messages = {"invalid": "Must be a string."}
    json_schema: ClassVar[dict[str, Any]] = {"type": "string"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        return " ".join(value.split())


class Bounce(Schema):
    """A mail that was returned, or that its reader reported as spam."""

    email = Email(required=True, metadata={"description": "The recipient.", "examples": ["ann@example.com"]})
    type = OneOf(
        TYPES,
        required=True,
        metadata={
            "description": "`hard`: the mailbox does not exist. `soft`: temporary, only logged. `complaint`: spam."
        },
    )
    reason = Words(
        load_default="", metadata={"description": "The provider's words, stored encrypted, up to 500 characters."}
    )
