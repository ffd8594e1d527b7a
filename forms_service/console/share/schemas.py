"""Schemas of the page that shows how to put a form to use."""

import marshmallow as ma

from forms_service.console.share.snippets import WAYS
from forms_service.validation.base import Schema
from forms_service.validation.primitives import OneOf


class ShareQuery(Schema):
    way = OneOf(tuple(WAYS), load_default=next(iter(WAYS)))
    tested = ma.fields.UUID(load_default=None)


class TrialForm(Schema):
    way = OneOf(tuple(WAYS), required=True)


class DeleteForm(TrialForm):
    submission = ma.fields.UUID(required=True)


class PictureQuery(Schema):
    format = OneOf(("svg", "png"), load_default="svg")
