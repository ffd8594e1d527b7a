"""How many mails of a kind an address may get in an hour, so that nobody floods a stranger's letter box through us."""

from flask import has_request_context

from forms_service.rate_limiting.keys import email_limit_key
from forms_service.rate_limiting.limits import count
from forms_service.web.client import client_key

MAX_PER_CLIENT = 3
"""Mails of a kind that one client can have sent to an address in an hour."""

MAX_PER_ADDRESS = 10
"""Mails of a kind that an address gets in an hour, whoever asks for them."""

WINDOW = 3600


def hourly_limit(kind: str, email: str) -> int:
    """The limit for the client that asks: what others have asked for does not count against its first three.

    So a stranger cannot use up the mails of the address's holder. Call it before a transaction: it may ask Redis.
    """
    if not has_request_context():
        return MAX_PER_CLIENT
    key = f"mail_{kind}:{email_limit_key(email)}"
    own, all_ = count(f"{key}:{client_key()}", WINDOW), count(key, WINDOW)
    return min(MAX_PER_ADDRESS, MAX_PER_CLIENT + all_ - own) if own <= MAX_PER_CLIENT else MAX_PER_CLIENT
