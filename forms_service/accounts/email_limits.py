"""Hourly mail limits per address, against mailbox flooding."""

from flask import has_request_context

from forms_service.rate_limiting.keys import email_limit_key
from forms_service.rate_limiting.limits import count
from forms_service.web.client import client_key

MAX_PER_CLIENT = 3
"""Per hour, kind, address and client."""

MAX_PER_ADDRESS = 10
"""Per hour, kind and address."""

WINDOW = 3600


def hourly_limit(kind: str, email: str) -> int:
    """The client's limit: strangers cannot use up the holder's first mails.

    May query Redis: call before a transaction.
    """
    if not has_request_context():
        return MAX_PER_CLIENT
    key = f"mail_{kind}:{email_limit_key(email)}"
    own, all_ = count(f"{key}:{client_key()}", WINDOW), count(key, WINDOW)
    return min(MAX_PER_ADDRESS, MAX_PER_CLIENT + all_ - own) if own <= MAX_PER_CLIENT else MAX_PER_CLIENT
