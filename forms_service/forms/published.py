"""The form as visitors meet it (scaffold: h4 builds it)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import marshmallow as ma


@dataclass(frozen=True, kw_only=True)
class FormSettings:
    """The settings of a form."""

    allowed_origins: tuple[str, ...] = ()
    unknown_fields: str = "keep"
    honeypot: str | None = None
    challenge: str = "none"
    challenge_site_key: str | None = None
    challenge_secret: str | None = field(default=None, repr=False)
    blocklist: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
    schema: ma.Schema | None = field(default=None, repr=False)
    open: bool = True
