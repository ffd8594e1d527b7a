"""Rate limit keys besides the client's address."""

from flask import current_app

from forms_service.encryption.keyring import current_key_ring
from forms_service.validation.fields import email_key
from forms_service.web.client import client_key

CONTEXT = "limits"


def caller_id() -> str | None:
    """Return the request's account or API key, by the look-up of `accounts/guards.py`."""
    tell = current_app.extensions.get("caller_id")
    return tell() if tell else None


def caller_key() -> str:
    """Return the signed-in caller, else the client."""
    return caller_id() or client_key()


def email_limit_key(email: str) -> str:
    """Return the blind index of a normalised e-mail address."""
    return current_key_ring().index(email_key(email), CONTEXT).hex()
