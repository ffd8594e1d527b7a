"""Schemas of the editor's forms."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from forms_service.console.build.drafts import Draft, read_cards
from forms_service.errors import FieldError
from forms_service.form_schema.compiler import MAX_FIELDS
from forms_service.form_schema.field_types import FIELD_TYPES
from forms_service.forms.schemas import MAX_VERSION
from forms_service.forms.starters import STARTERS
from forms_service.validation.base import Schema
from forms_service.validation.primitives import OneOf
from forms_service.web.pagination import QueryInteger

MAX_INPUTS = 10_000
"""Of the editor: 500 fields with all their properties."""

MAX_CARDS = MAX_FIELDS + 20
"""Up to here the form's schema says that there are too many; a page of thousands would take seconds to render."""

TOO_MANY = FieldError(f"A form has at most {MAX_FIELDS} fields.", "too_many")


class NewForm(Schema):
    """The button that was pressed."""

    starter = OneOf(tuple(STARTERS), required=True)


class Edit(Schema):
    """The editor's form; `draft` is made from the inputs of its cards."""

    name = ma.fields.String(load_default="")
    base = QueryInteger(1, MAX_VERSION, required=True)
    version = QueryInteger(1, MAX_VERSION, required=True)
    action = ma.fields.String(load_default="save")
    new_type = OneOf(tuple(FIELD_TYPES), load_default="text")
    retype = ma.fields.String(load_default="")
    cards = ma.fields.Raw(required=True)

    @ma.pre_load
    def _gather_cards(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        # before marshmallow, which loses the order of fields that it does not know
        named = {name: value for name, value in data.items() if name in self.fields}
        cards = read_cards(data)
        if len(cards) > MAX_CARDS:
            raise ma.ValidationError({"cards": [TOO_MANY]})
        return {**named, "cards": cards}

    @ma.post_load
    def _make_draft(self, data: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        draft = Draft(data["name"], data["base"], data["version"], data["cards"])
        return {"draft": draft, **{name: data[name] for name in ("action", "new_type", "retype")}}


class Restore(Schema):
    """The version that was the newest when the page was shown."""

    version = QueryInteger(1, MAX_VERSION, required=True)
