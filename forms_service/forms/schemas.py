"""What an owner says of a form, and what is said of it."""

from typing import Any

import marshmallow as ma

from forms_service.errors import FieldError
from forms_service.form_schema.compiler import MAX_FIELDS
from forms_service.form_schema.definition import Field, duplicate_names
from forms_service.form_schema.field_types.patterns import limited_memory
from forms_service.form_schema.settings import FormSettingsChanges, FormSettingsSchema, find_conflicts
from forms_service.forms.controls import MAX_PAGE_SIZE, page_size
from forms_service.validation.base import Schema
from forms_service.validation.primitives import BoundedList, SingleLine

MAX_FORM_NAME_LENGTH = 200
PAGE_TOO_LONG = FieldError("The page of this form would exceed 2 MiB. Use fewer fields or choices.", "page_too_long")


class Fields(BoundedList):
    """The fields of a form, in order; what was checked when it was saved is given back as it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ma.fields.Nested(Field), MAX_FIELDS, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        with limited_memory():
            return super()._deserialize(value, attr, data, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return value


class FormConsistency(Schema):
    """What the parts of a form say to each other."""

    whole = False
    """Whether what is sent is all of the form."""

    @ma.validates_schema(skip_on_field_errors=False, pass_original=True)
    def _together(self, data: dict[str, Any], original: Any, **_: Any) -> None:
        said = original.get("fields") if isinstance(original, dict) else None
        fields = said if isinstance(said, list) else []
        faults: dict[str, Any] = {"fields": duplicate_names(fields)}
        if self.whole:
            faults["settings"] = find_conflicts(fields, data.get("settings", {}))
        if any(faults.values()):
            raise ma.ValidationError({part: found for part, found in faults.items() if found})

    @ma.validates_schema
    def _short_enough(self, data: dict[str, Any], **_: Any) -> None:
        if page_size(data.get("fields", ())) > MAX_PAGE_SIZE:
            raise ma.ValidationError({"fields": [PAGE_TOO_LONG]})


class NewForm(FormConsistency):
    """A form to be made; without fields it takes anything."""

    whole = True
    name = SingleLine(MAX_FORM_NAME_LENGTH, required=True, metadata={"examples": ["Contact"]})
    fields = Fields(load_default=list)  # type: ignore[assignment]  # marshmallow takes it off the class
    settings = ma.fields.Nested(FormSettingsSchema, load_default=dict)


class FormChanges(FormConsistency):
    """What to change of a form; `settings` are merged (RFC 7396), `fields` are replaced and make a new version."""

    name = SingleLine(MAX_FORM_NAME_LENGTH)
    fields = Fields()  # type: ignore[assignment]  # likewise
    settings = ma.fields.Nested(FormSettingsChanges)


class Form(Schema):
    """A form."""

    id = ma.fields.String(required=True, metadata={"examples": ["mR7xQ2-kLp0aZ_9c"]})
    owner_id = ma.fields.UUID(required=True)
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
    unreadable = ma.fields.Boolean(
        metadata={
            "const": True,
            "description": "Its name or settings cannot be decrypted and are shown empty.",
        }
    )
    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)


class FormVersion(Schema):
    """What a form asked for in one of its versions."""

    form_id = ma.fields.String(required=True)
    version = ma.fields.Integer(required=True)
    fields = Fields(required=True)  # type: ignore[assignment]  # likewise
    created_at = ma.fields.AwareDateTime(required=True)
