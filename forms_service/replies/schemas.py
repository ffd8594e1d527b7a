"""Schemas of the links in mails to people."""

import marshmallow as ma

from forms_service.accounts.schemas import TokenField
from forms_service.validation.base import Schema


class Link(Schema):
    """The token of a link."""

    token = TokenField(required=True)


class Again(Schema):
    """The submission whose mail did not come."""

    submission = ma.fields.UUID(required=True, metadata={"description": "Its `id`, from the answer to the submission."})
