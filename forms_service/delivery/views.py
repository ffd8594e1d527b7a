"""Bounce reports from the mail provider."""

from typing import Any

from forms_service.delivery import schemas, suppressions
from forms_service.rate_limiting.bearer_tokens import require_bearer
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.route_policy import unlimited

bounces = Blueprint("bounces", __name__, description="Reports about returned mails, from the mail provider.")


@bounces.route("/api/bounces", methods=["POST"])
@bounces.doc(operationId="reportBounce", security=[{"bounce_token": []}])
@require_bearer("BOUNCE_TOKEN")
@unlimited("a provider reports in bursts; wrong tokens are limited")
@bounces.arguments(schemas.Bounce)
@bounces.answers(202, message="Accepted.")
def report_bounce(body: dict[str, Any]) -> None:
    """Report a returned mail or a complaint.

    Requires the bearer token `BOUNCE_TOKEN`, and returns 404 if the operator has set none. A hard bounce stops all mail
    to the address, a complaint stops notifications, and a soft bounce is only logged.
    """
    suppressions.report(body["email"], body["type"], body["reason"])
