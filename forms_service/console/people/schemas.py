"""Schemas of the pages of data-subject requests."""

import marshmallow as ma

from forms_service.inbox.schemas import Person
from forms_service.validation.base import Schema
from forms_service.web.pagination import QueryInteger


class PersonForm(Person):
    """An address, and where its list continues: in the body, as an address belongs into no URL."""

    cursor = ma.fields.String(load_default=None)


class ErasedQuery(Schema):
    """Query of the page after an erasure."""

    erased = QueryInteger(0, 999_999_999, load_default=None)
