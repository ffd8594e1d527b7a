"""Schemas of the console's forms and queries."""

import marshmallow as ma

from forms_service.accounts.sessions.schemas import Login
from forms_service.console.forms_table import SORTS
from forms_service.validation.primitives import OneOf
from forms_service.web.pagination import MAX_LIMIT, PageQuery, QueryInteger


class SignIn(Login):
    """The sign-in form."""

    next = ma.fields.String(load_default="")


class FormsQuery(PageQuery):
    """Query of the list of forms: as many as fit, since only those are sorted."""

    limit = QueryInteger(1, MAX_LIMIT, load_default=MAX_LIMIT)
    sort = OneOf(tuple(SORTS), load_default="created")
    order = OneOf(("", "up", "down"), load_default="")
