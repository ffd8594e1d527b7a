"""Bearer tokens from the settings, for the operator's programs."""

import hmac

from flask import request

from forms_service.rate_limiting.limits import charge, refund
from forms_service.web.client import client_key


def has_bearer(token: str) -> bool:
    """Whether the request carries this token; wrong ones are rate-limited per client.

    :raises RateLimitError: after too many wrong tokens, even for a right one
    """
    sent = request.authorization
    given = (sent.token or "") if sent and sent.type == "bearer" else ""
    if not given:
        return False
    charge("bearer", client_key())
    if not hmac.compare_digest(given.encode(), token.encode()):
        return False
    refund("bearer", client_key())
    return True
