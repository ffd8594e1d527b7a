"""Bounce reports from the mail provider."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response

from forms_service.config import settings
from forms_service.delivery import schemas, suppressions
from forms_service.errors import AuthenticationError, NotFoundError
from forms_service.rate_limiting.bearer_tokens import has_bearer
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.route_policy import guarded, unlimited

bounces = Blueprint("bounces", __name__, description="Reports about returned mails, from the mail provider.")


def with_bounce_token(view: Callable[..., Response]) -> Callable[..., Response]:
    """Allow only the holder of BOUNCE_TOKEN; without one, 404."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Response:
        if settings.bounce_token is None:
            raise NotFoundError()
        if not has_bearer(settings.bounce_token):
            raise AuthenticationError()
        return view(*args, **kwargs)

    return guarded("BOUNCE_TOKEN")(wrapper)


@bounces.route("/api/bounces", methods=["POST"])
@bounces.doc(operationId="reportBounce", security=[{"bounce_token": []}])
@with_bounce_token
@unlimited("a provider reports in bursts; wrong tokens are limited")
@bounces.arguments(schemas.Bounce)
@bounces.answers(202, message="Accepted.")
def report_bounce(body: dict[str, Any]) -> None:
    """Report a returned mail or a complaint.

    Requires the bearer token `BOUNCE_TOKEN`, and returns 404 if the operator has set none. A hard bounce stops all mail
    to the address, a complaint stops notifications, and a soft bounce is only logged.
    """
    suppressions.report(body["email"], body["type"], body["reason"])
