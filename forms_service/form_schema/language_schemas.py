"""Schemas of the setting `languages`."""

import json
from collections.abc import Mapping
from typing import Any, cast

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.form_schema.appearance import MAX_CLOSED_LENGTH, MAX_THANKS_LENGTH, MAX_TITLE_LENGTH
from forms_service.form_schema.definition import MAX_CHOICE_LENGTH, MAX_HELP_LENGTH, MAX_LABEL_LENGTH
from forms_service.form_schema.mail_texts import MAX_SUBJECT_LENGTH, MAX_TEXT_LENGTH
from forms_service.languages.catalogues import LANGUAGES
from forms_service.validation.base import MAX_NAME_LENGTH, UNKNOWN_FIELD, CodedField, Messages, Schema
from forms_service.validation.primitives import MultiLine, OneOf, SingleLine

MAX_FORM_NAME_LENGTH = 200
MAX_CHARACTERS = 200_000
"""Of all languages of a form, as JSON."""

TOO_LONG = FieldError(f"The texts of all languages must have at most {MAX_CHARACTERS:,} characters.", "too_long")
UNKNOWN_LANGUAGE = FieldError(f"Unknown. Use default, or a language: {', '.join(LANGUAGES)}.", UNKNOWN_FIELD.code)


class TextsByName(CodedField):
    """Name → text, or name → more of them."""

    default_error_messages: Messages = {
        "invalid": "Must be an object with names and texts.",
        "too_long": "Names must have at most {limit} characters.",
    }

    def __init__(self, item: "SingleLine | TextsByName", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.item = item
        kinds = {True: ["object", "null"], False: "object"}
        self.json_schema: dict[str, Any] = {"type": kinds[self.allow_none], "additionalProperties": _schema_of(item)}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        texts: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, text in value.items():
            try:
                texts[name] = self._named(name, text)
            except ma.ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise ma.ValidationError(errors)
        return texts

    def _named(self, name: str, text: Any) -> Any:
        limit = max(MAX_NAME_LENGTH, MAX_CHOICE_LENGTH)
        if len(name) > limit:
            raise self.make_error("too_long", limit=limit)
        return self.item.deserialize(text)


def _schema_of(item: "SingleLine | TextsByName") -> dict[str, Any]:
    kind = ["string", "null"] if item.allow_none else "string"
    return {"type": kind, **item.json_schema} if isinstance(item, SingleLine) else item.json_schema


def _texts(max_length: int, description: str, *, patch: bool) -> TextsByName:
    item = SingleLine(max_length, allow_none=patch)
    return TextsByName(item, allow_none=patch, metadata={"description": description})


def _texts_schema(suffix: str, *, patch: bool) -> type[Schema]:
    """Build the schema of one language; a patch may remove texts with null."""
    subject, text = SingleLine(MAX_SUBJECT_LENGTH, allow_none=patch), MultiLine(MAX_TEXT_LENGTH, allow_none=patch)
    mail = _schema(f"MailInLanguage{suffix}", {"subject": subject, "text": text})
    title, thanks_text = SingleLine(MAX_TITLE_LENGTH, allow_none=patch), MultiLine(MAX_THANKS_LENGTH, allow_none=patch)
    thanks = _schema(f"ThanksInLanguage{suffix}", {"title": title, "text": thanks_text})
    labels = TextsByName(SingleLine(MAX_LABEL_LENGTH, allow_none=patch), allow_none=patch)
    about_choices = {"description": "Field → value of a choice → its label."}
    fields: dict[str, Any] = {
        "name": SingleLine(MAX_FORM_NAME_LENGTH, allow_none=patch),
        "labels": _texts(MAX_LABEL_LENGTH, "Field → label.", patch=patch),
        "help": _texts(MAX_HELP_LENGTH, "Field → help text.", patch=patch),
        "choices": TextsByName(labels, allow_none=patch, metadata=about_choices),
        "thanks": ma.fields.Nested(thanks, allow_none=patch),
        "closed_text": MultiLine(MAX_CLOSED_LENGTH, allow_none=patch),
        "reply": ma.fields.Nested(mail, allow_none=patch),
        "double_opt_in": ma.fields.Nested(mail, allow_none=patch),
    }
    return _schema(f"TextsInLanguage{suffix}", fields)


def _schema(name: str, fields: Mapping[str, Any], base: type[Schema] = Schema) -> type[Schema]:
    return cast("type[Schema]", type(name, (base,), dict(fields)))


class _BoundedLanguages(Schema):
    error_messages = {"unknown": UNKNOWN_LANGUAGE}

    @ma.validates_schema
    def _check_size(self, data: dict[str, Any], **_: Any) -> None:
        if len(json.dumps(data, ensure_ascii=False)) > MAX_CHARACTERS:
            raise ma.ValidationError([TOO_LONG])


def _languages_schema(suffix: str, *, patch: bool) -> type[Schema]:
    description = "Language of the form's own texts, and of its pages unless the browser prefers a translation."
    default = OneOf(LANGUAGES, allow_none=patch, metadata={"description": description})
    texts = _texts_schema(suffix, patch=patch)
    nested = {language: ma.fields.Nested(texts, allow_none=patch) for language in LANGUAGES}
    return _schema(f"Languages{suffix}", {"default": default, **nested}, _BoundedLanguages)


LanguagesSchema = _languages_schema("", patch=False)
LanguagesChanges = _languages_schema("Changes", patch=True)
