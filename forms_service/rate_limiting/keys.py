"""What limits count by besides the client: who is signed in, and an e-mail address."""

from flask import current_app

from forms_service.encryption.keyring import current_key_ring
from forms_service.validation.fields import email_key
from forms_service.web.client import client_key

CONTEXT = "limits"


def caller_id() -> str | None:
    """The account or API key that is asking, None for a client without; the room of accounts says how to tell."""
    tell = current_app.extensions.get("caller_id")
    return tell() if tell else None


def caller_key() -> str:
    """Who is signed in, else the client."""
    return caller_id() or client_key()


def email_limit_key(email: str) -> str:
    """An e-mail address as limits know it: every spelling is the same, and none can be read."""
    return current_key_ring().index(email_key(email), CONTEXT).hex()
