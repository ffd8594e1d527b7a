"""Bearer tokens of the operator's programs."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request

from forms_service.config import settings
from forms_service.errors import AuthenticationError, NotFoundError
from forms_service.rate_limiting.limits import charge, require_unspent
from forms_service.web.client import client_key
from forms_service.web.route_policy import guarded

View = Callable[..., Response]


def has_bearer(token: str) -> bool:
    """Whether the request carries this token.

    :raises RateLimitError: after too many wrong ones, even for a right one
    """
    authorization = request.authorization
    bearer = (authorization.token or "") if authorization and authorization.type == "bearer" else ""
    if not bearer:
        return False
    if not hmac.compare_digest(bearer.encode(), token.encode()):
        charge("bearer", client_key())
        return False
    # not charged and refunded: many right ones at once would refuse each other
    require_unspent("bearer", client_key())
    return True


def require_bearer(setting: str, *, is_open: Callable[[], bool] = lambda: False) -> Callable[[View], View]:
    """Answer 404 if `setting` has no token, 401 for a wrong one, unless `is_open`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Response:
            if not is_open():
                token: str | None = getattr(settings, setting.lower())
                if token is None:
                    raise NotFoundError()
                if not has_bearer(token):
                    raise AuthenticationError()
            return view(*args, **kwargs)

        return guarded(setting)(wrapper)

    return decorate
