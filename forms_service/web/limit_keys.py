"""What limits count by besides the client: who is signed in, and the account that a body is about."""

import marshmallow as ma
from flask import current_app
from werkzeug.exceptions import HTTPException

from forms_service.errors import ApiError
from forms_service.keyring import holder
from forms_service.validation.fields import Email, email_key
from forms_service.web.bodies import json_or_form_body
from forms_service.web.client import client_key

PLACE = "limits"
ADDRESS = Email(required=True)


def who_asks() -> str | None:
    """The account or API key that is asking, None for a client without; the room of accounts says how to tell."""
    tell = current_app.extensions.get("who_asks")
    return tell() if tell else None


def caller_key() -> str:
    """Who is signed in, else the client."""
    return who_asks() or client_key()


def account_key() -> str:
    """The account that the body's `email` names, whether or not there is one; of a body that names none, the client."""
    try:
        body = json_or_form_body()
        email = ADDRESS.deserialize(body.get("email") if isinstance(body, dict) else None)
        return address_key(str(email))
    except (ApiError, HTTPException, ma.ValidationError):
        return f"client {client_key()}"


def address_key(email: str) -> str:
    """An e-mail address as limits know it: every spelling is the same, and none can be read."""
    return holder().ring().index(email_key(email), PLACE).hex()
