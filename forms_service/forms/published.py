"""The form as visitors meet it (scaffold: h4 builds it)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import marshmallow as ma
from flask import current_app

from forms_service.errors import NotFoundError
from forms_service.validation.form_settings import FormSettings


@dataclass(frozen=True)
class PublishedForm:
    """A form as visitors meet it."""

    id: str
    name: str
    owner_id: uuid.UUID
    owner_email: str
    owner_active: bool
    version: int
    fields: tuple[Mapping[str, Any], ...]
    settings: FormSettings
    schema: ma.Schema | None


def published(form_id: str) -> PublishedForm:
    """The form."""
    forms: dict[str, PublishedForm] = current_app.extensions.setdefault("published", {})
    if form_id not in forms:
        raise NotFoundError("There is no form here.")
    return forms[form_id]
