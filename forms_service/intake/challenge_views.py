"""`GET /f/{id}/challenge`: a puzzle for the ALTCHA widget, on whichever site it stands."""

from typing import Any

from flask import Response, g

from forms_service.errors import NotFoundError
from forms_service.forms.cache import published
from forms_service.intake import origins
from forms_service.rate_limiting.limits import rate_limit
from forms_service.spam import altcha_challenges
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.bodies import JSON
from forms_service.web.responses import as_json
from forms_service.web.route_policy import public, unlimited

PUZZLE: dict[str, Any] = {
    "200": {"description": "The challenge.", "content": {JSON: {"schema": {"type": "object"}}}},
}
ALLOWED: dict[str, Any] = {"204": {"description": "The CORS headers for the form's allowed origins."}}

puzzles = Blueprint("puzzles", __name__, description="ALTCHA challenges.")


@puzzles.route("/f/<form_id>/challenge", methods=["GET"])
@puzzles.doc(operationId="getChallenge", responses=PUZZLE)
@public
@rate_limit("page")
def challenge(form_id: str) -> Response:
    """Create an ALTCHA challenge, valid for one hour and one submission of this form."""
    form = g.form = published(form_id)
    origins.check_origin(form)
    if form.settings.challenge != "altcha":
        raise NotFoundError("This form does not use ALTCHA.")
    return as_json(altcha_challenges.challenge(form.id))


@puzzles.route("/f/<form_id>/challenge", methods=["OPTIONS"])
@puzzles.doc(operationId="preflightChallenge", responses=ALLOWED)
@public
@unlimited("a preflight: it says what the form's settings say")
def preflight(form_id: str) -> Response:
    """Answer the CORS preflight of a challenge."""
    g.form = published(form_id)
    return Response(status=204, headers={"Allow": "GET, HEAD, OPTIONS"})


challenge.provide_automatic_options = False  # the preflight says what the form says
