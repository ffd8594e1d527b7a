"""Settings of the mails to people who submit: automatic reply and double opt-in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.form_schema.text_templates import find_unknown_names
from forms_service.validation.base import CodedField, Schema
from forms_service.validation.primitives import MultiLine, SingleLine, StrictBoolean

MAX_SUBJECT_LENGTH = 200
MAX_TEXT_LENGTH = 10_000
LINK = "link"
"""Placeholder in the text of a double opt-in."""

NAMES = "`{field}` for its values, `{reference}` and `{form}`"


@dataclass(frozen=True)
class Reply:
    """The owner's automatic reply."""

    subject: str
    text: str
    copy: bool = False


@dataclass(frozen=True)
class DoubleOptIn:
    """The owner's request to confirm."""

    subject: str
    text: str


class ReplySchema(Schema):
    """An automatic reply to the person who submitted."""

    subject = SingleLine(MAX_SUBJECT_LENGTH, required=True, metadata={"description": f"May hold {NAMES}."})
    text = MultiLine(MAX_TEXT_LENGTH, required=True, metadata={"description": f"May hold {NAMES}."})
    copy = StrictBoolean(
        load_default=False,
        metadata={"description": "Adds a copy of the answers, if a CAPTCHA or double opt-in was passed."},
    )


class ReplyChanges(ReplySchema):
    """A patch of the automatic reply."""

    def on_bind_field(self, field_name: str, field_obj: ma.fields.Field[Any]) -> None:
        field_obj.load_default, field_obj.required = ma.missing, False


class DoubleOptInSchema(Schema):
    """The mail that asks a person to confirm."""

    subject = SingleLine(MAX_SUBJECT_LENGTH, required=True)
    text = MultiLine(MAX_TEXT_LENGTH, required=True)


class DoubleOptInField(CodedField):
    """False, or the texts of a double opt-in."""

    def __init__(self, *, partial: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._schema = DoubleOptInSchema(partial=partial)
        texts: dict[str, Any] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "subject": {"type": "string", "minLength": 1, "maxLength": MAX_SUBJECT_LENGTH},
                "text": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT_LENGTH},
            },
        }
        required = {} if partial else {"required": ["subject", "text"]}
        self.json_schema: dict[str, Any] = {
            "anyOf": [{"type": "boolean", "const": False}, {"type": "null"}, {**texts, **required}]
        }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return False if value is False else self._schema.load(value)


def unknown_names_message(names: Sequence[str]) -> str:
    """Return what is wrong with a text whose placeholders stand for nothing."""
    listed = ", ".join(f"{{{name}}}" for name in names)
    return f"Unknown: {listed}. Use names of the form's fields, {{reference}} or {{form}}."


def find_conflicts(fields: Sequence[Any], settings: Mapping[str, Any]) -> dict[str, list[FieldError]]:
    """Return path → errors of unknown placeholders, and of a double opt-in without an e-mail field."""
    definitions = [definition for definition in fields if isinstance(definition, Mapping)]
    names = {str(definition.get("name")) for definition in definitions}
    errors: dict[str, list[FieldError]] = {}
    if not names:
        return errors  # the form takes any fields
    for path, template in _templates(settings):
        unknown = find_unknown_names(template, names | {LINK} if path.endswith("double_opt_in.text") else names)
        if unknown:
            errors[path] = [FieldError(unknown_names_message(unknown), "unknown_name")]
    if settings.get("double_opt_in") and not any(definition.get("type") == "email" for definition in definitions):
        message = "People confirm by mail. Add a field of the type email to the form."
        errors["double_opt_in"] = [FieldError(message, "no_email_field")]
    return errors


def _templates(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "subject", settings.get("subject") or ""
    yield from _mail_templates(settings)
    for language, texts in (settings.get("languages") or {}).items():
        if isinstance(texts, Mapping):
            yield from ((f"languages.{language}.{path}", template) for path, template in _mail_templates(texts))


def _mail_templates(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("reply", "double_opt_in"):
        texts = settings.get(name)
        if isinstance(texts, Mapping):
            yield from ((f"{name}.{part}", str(texts.get(part))) for part in ("subject", "text"))
