"""The form as visitors meet it (scaffold)."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import marshmallow as ma
from flask import current_app
from sqlalchemy import select

from forms_service.accounts.models import Account
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms.models import Form, FormVersion
from forms_service.validation.fields import Email, Text


@dataclass(frozen=True, kw_only=True)
class FormSettings:
    """The settings of a form."""

    allowed_origins: tuple[str, ...] = ()
    redirect_urls: tuple[str, ...] = ()
    unknown_fields: str = "keep"
    notify: tuple[str, ...] = ()
    honeypot: str | None = None
    challenge: str = "none"
    closed: bool = False
    max_submissions: int | None = None
    store_ip: str = "truncated"


@dataclass(frozen=True)
class PublishedForm:
    """A form as visitors meet it."""

    id: str
    name: str
    owner_id: uuid.UUID
    owner_email: str
    version: int
    fields: tuple[dict[str, Any], ...]
    settings: FormSettings
    schema: ma.Schema | None = field(repr=False)
    open: bool


def published(form_id: str) -> PublishedForm:
    """The form."""
    cache = current_app.extensions.setdefault("published", {})
    if form_id not in cache:
        row = db.session.execute(
            select(Form, Account).join(Account, Account.id == Form.owner_id).where(Form.id == form_id)
        ).one_or_none()
        if row is None:
            raise NotFoundError("There is no form here.")
        form, owner = row
        version = db.session.get(FormVersion, (form_id, form.version))
        fields = tuple(version.fields) if version else ()
        settings = FormSettings(**{k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(form.settings).items()})
        made: dict[str, Any] = {
            f["name"]: (Email if f["type"] == "email" else Text)(required=f.get("required", False)) for f in fields
        }

        class Keep(ma.Schema):
            class Meta:
                unknown = ma.INCLUDE

        schema = Keep.from_dict(made)() if made else None
        if schema:
            schema.unknown = ma.INCLUDE
        cache[form_id] = PublishedForm(
            form.id, form.name, owner.id, owner.email, form.version, fields, settings, schema,
            not settings.closed and owner.status == "active",
        )
        db.session.rollback()
    return cache[form_id]
