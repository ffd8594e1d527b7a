"""Schemas of the console's forms and queries."""

from typing import Any

import marshmallow as ma

from forms_service.accounts.sessions.schemas import Login
from forms_service.console.forms_table import SORTS
from forms_service.validation.base import Schema
from forms_service.validation.primitives import OneOf
from forms_service.web.pagination import MAX_LIMIT, PageQuery, QueryInteger

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


class FormsQuery(PageQuery):
    """Query of the list of forms: as many as fit, since only those are sorted."""

    limit = QueryInteger(1, MAX_LIMIT, load_default=MAX_LIMIT)
    sort = OneOf(tuple(SORTS), load_default="created")
    order = OneOf(("", "up", "down"), load_default="")


class SubmissionAction(Schema):
    """The buttons of a submission."""

    action = OneOf((*CHANGES, DELETE), required=True)


class SubmissionQuery(Schema):
    """Query of the page of a submission."""

    download = QueryInteger(1, 9999, load_default=None)
