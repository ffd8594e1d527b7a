"""Sign-in and session schemas."""

import marshmallow as ma

from forms_service.accounts.schemas import CurrentPassword, TokenField
from forms_service.validation.base import Schema
from forms_service.validation.fields import Email


class Login(Schema):
    email = Email(required=True, metadata={"examples": ["ann@example.com"]})
    password = CurrentPassword(required=True, metadata={"examples": ["Correct-horse-7"]})


class Refresh(Schema):
    refresh_token = TokenField(required=True)


class Tokens(Schema):
    access_token = ma.fields.String(required=True, metadata={"description": "Send it as `Authorization: Bearer …`."})
    token_type = ma.fields.String(required=True, metadata={"const": "Bearer"})
    expires_in = ma.fields.Integer(required=True, metadata={"description": "Seconds until the access token expires."})
    refresh_token = ma.fields.String(
        required=True, metadata={"description": "For a new pair of tokens. Valid once, and again within 10 s."}
    )


class SessionKept(Schema):
    id = ma.fields.UUID(required=True)
    created_at = ma.fields.DateTime(required=True)
    last_used_at = ma.fields.DateTime(
        required=True, metadata={"description": "Time of the last refresh; of the console's last use, to the hour."}
    )
    expires_at = ma.fields.DateTime(required=True)
    client = ma.fields.String(required=True, allow_none=True, metadata={"description": "Client address at sign-in."})
    user_agent = ma.fields.String(required=True, allow_none=True)


class SessionOf(SessionKept):
    current = ma.fields.Boolean(required=True, metadata={"description": "Whether it is the session of this request."})
