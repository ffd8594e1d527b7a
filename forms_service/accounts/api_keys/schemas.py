"""Schemas of API keys and introspection."""

import marshmallow as ma

from forms_service.accounts.models import ROLES, SCOPES
from forms_service.accounts.schemas import CurrentPassword, KeyName, Scopes, TokenField
from forms_service.validation.base import Schema


class NewKey(Schema):
    password = CurrentPassword(required=True, metadata={"description": "The account's current password."})
    name = KeyName(required=True, metadata={"examples": ["my site"]})
    scopes = Scopes(required=True, metadata={"examples": [["submissions:read"]]})


class KeyOf(Schema):
    id = ma.fields.UUID(required=True)
    name = ma.fields.String(required=True)
    scopes = ma.fields.List(ma.fields.String(metadata={"enum": list(SCOPES)}), required=True)
    created_at = ma.fields.DateTime(required=True)
    last_used_at = ma.fields.DateTime(
        required=True, allow_none=True, metadata={"description": "Rounded to the hour; null if never used."}
    )


class MadeKey(KeyOf):
    key = ma.fields.String(required=True, metadata={"description": "Shown only once; the service keeps only a hash."})


class Introspect(Schema):
    token = TokenField(required=True)
    token_type_hint = TokenField(metadata={"description": "Accepted and ignored."})


class Introspected(Schema):
    """State of a token (RFC 7662, 2.2); only `active` if invalid."""

    active = ma.fields.Boolean(required=True)
    token_type = ma.fields.String(metadata={"const": "Bearer"})
    sub = ma.fields.UUID(metadata={"description": "The account's id."})
    username = ma.fields.String(metadata={"description": "The account's e-mail address."})
    role = ma.fields.String(metadata={"enum": list(ROLES)})
    iss = ma.fields.String()
    iat = ma.fields.Integer(metadata={"description": "Epoch seconds."})
    exp = ma.fields.Integer(metadata={"description": "Epoch seconds."})
