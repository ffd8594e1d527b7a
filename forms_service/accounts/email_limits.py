"""Hourly limits on mails per address, so that nobody can flood a stranger's mailbox."""

from flask import has_request_context

from forms_service.rate_limiting.keys import email_limit_key
from forms_service.rate_limiting.limits import count
from forms_service.web.client import client_key

MAX_PER_CLIENT = 3
"""Mails of a kind per hour that one client can request for an address."""

MAX_PER_ADDRESS = 10
"""Mails of a kind per hour to an address, from all clients."""

WINDOW = 3600


def hourly_limit(kind: str, email: str) -> int:
    """The limit for this client: requests by others do not count against its first three.

    So a stranger cannot use up the holder's mails. May query Redis: call it before a transaction.
    """
    if not has_request_context():
        return MAX_PER_CLIENT
    key = f"mail_{kind}:{email_limit_key(email)}"
    own, all_ = count(f"{key}:{client_key()}", WINDOW), count(key, WINDOW)
    return min(MAX_PER_ADDRESS, MAX_PER_CLIENT + all_ - own) if own <= MAX_PER_CLIENT else MAX_PER_CLIENT
