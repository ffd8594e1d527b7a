"""Schemas of forms and versions."""

from typing import Any

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.form_schema.compiler import MAX_FIELDS
from forms_service.form_schema.definition import Field, duplicate_names
from forms_service.form_schema.field_types.patterns import limited_memory
from forms_service.form_schema.language_schemas import MAX_FORM_NAME_LENGTH
from forms_service.form_schema.settings import FormSettingsChanges, FormSettingsSchema, find_conflicts
from forms_service.forms.access import RANK
from forms_service.forms.controls import MAX_PAGE_SIZE, estimate_page_size
from forms_service.validation.base import Schema
from forms_service.validation.primitives import BoundedInteger, BoundedList, SingleLine

MAX_VERSION = 2**31 - 1
PAGE_TOO_LONG = FieldError("The page of this form would exceed 2 MiB. Use fewer fields or choices.", "page_too_long")


class Fields(BoundedList):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ma.fields.Nested(Field), MAX_FIELDS, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        with limited_memory():
            return super()._deserialize(value, attr, data, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value


class FormConsistency(Schema):
    """Checks across the parts of a form."""

    is_complete = False
    """False for a patch."""

    @ma.validates_schema(skip_on_field_errors=False, pass_original=True)
    def _check_together(self, data: dict[str, Any], original: Any, **_: Any) -> None:
        sent = original.get("fields") if isinstance(original, dict) else None
        fields = sent if isinstance(sent, list) else []
        errors: dict[str, Any] = {"fields": duplicate_names(fields)}
        if self.is_complete:
            errors["settings"] = find_conflicts(fields, data.get("settings", {}))
        if any(errors.values()):
            raise ma.ValidationError({part: messages for part, messages in errors.items() if messages})

    @ma.validates_schema
    def _check_page_size(self, data: dict[str, Any], **_: Any) -> None:
        if estimate_page_size(data.get("fields", ())) > MAX_PAGE_SIZE:
            raise ma.ValidationError({"fields": [PAGE_TOO_LONG]})


class NewForm(FormConsistency):
    """Without fields it accepts any."""

    is_complete = True
    name = SingleLine(MAX_FORM_NAME_LENGTH, required=True, metadata={"examples": ["Contact"]})
    fields = Fields(load_default=list)  # type: ignore[assignment]  # marshmallow takes it off the class
    settings = ma.fields.Nested(FormSettingsSchema, load_default=dict)


class FormChanges(FormConsistency):
    """Merges `settings` (RFC 7396); replacing `fields` creates a version."""

    name = SingleLine(MAX_FORM_NAME_LENGTH)
    version = BoundedInteger(
        1,
        MAX_VERSION,
        metadata={"description": "The version that `fields` are based on: 409 if a newer one has other fields."},
    )
    fields = Fields()  # type: ignore[assignment]  # likewise
    settings = ma.fields.Nested(FormSettingsChanges)


class FormCopy(Schema):
    """Name of a copy."""

    name = SingleLine(MAX_FORM_NAME_LENGTH, metadata={"description": "Defaults to `Copy of` and the form's name."})


class Form(Schema):
    id = ma.fields.String(required=True, metadata={"examples": ["mR7xQ2-kLp0aZ_9c"]})
    owner_id = ma.fields.UUID(required=True)
    role = ma.fields.String(
        required=True,
        validate=ma.validate.OneOf(tuple(RANK)),
        metadata={"description": "Your role on the form; `operator` if it is another owner's and you are an operator."},
    )
    name = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True, metadata={"description": "Incremented by every change of `fields`."})
    url = ma.fields.String(
        required=True, metadata={"description": "Public URL: the `action` of an HTML form, and the hosted page."}
    )
    fields = Fields(required=True)  # type: ignore[assignment]  # likewise
    settings = ma.fields.Nested(FormSettingsSchema, required=True)
    mail_problem = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why mails about submissions cannot be sent; null while they can."},
    )
    reply_problem = ma.fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Why automatic replies are off; null while they are sent, if the form has one."},
    )
    unreadable = ma.fields.Boolean(
        metadata={
            "const": True,
            "description": "Its name or settings cannot be decrypted and are shown empty.",
        }
    )
    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)


class FormVersion(Schema):
    form_id = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True)
    fields = Fields(required=True)  # type: ignore[assignment]  # likewise
    created_at = ma.fields.AwareDateTime(required=True)
