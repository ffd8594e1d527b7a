"""Rate limit keys besides the address."""

from flask import current_app

from forms_service.encryption.keyring import current_key_ring
from forms_service.validation.fields import email_key
from forms_service.web.client import client_key

CONTEXT = "limits"


def caller_id() -> str | None:
    tell = current_app.extensions.get("caller_id")
    return tell() if tell else None


def caller_key() -> str:
    """Return the caller, else the client."""
    return caller_id() or client_key()


def email_limit_key(email: str) -> str:
    """Return the address's blind index."""
    return current_key_ring().index(email_key(email), CONTEXT).hex()
