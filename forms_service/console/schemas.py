"""Schemas of the console's forms and queries."""

from typing import Any

import marshmallow as ma

from forms_service.accounts.sessions.schemas import Login
from forms_service.validation.base import Schema
from forms_service.validation.primitives import OneOf
from forms_service.web.pagination import QueryInteger

CHANGES: dict[str, dict[str, Any]] = {
    "read": {"read": True},
    "unread": {"read": False},
    "inbox": {"status": "inbox"},
    "archive": {"status": "archived"},
    "spam": {"status": "spam"},
}
"""Button → change, as PATCH of the API takes it."""

DELETE = "delete"


class SignIn(Login):
    """The sign-in form."""

    next = ma.fields.String(load_default="")


class SubmissionAction(Schema):
    """The buttons of a submission."""

    action = OneOf((*CHANGES, DELETE), required=True)


class SubmissionQuery(Schema):
    """Query of the page of a submission."""

    download = QueryInteger(1, 9999, load_default=None)
