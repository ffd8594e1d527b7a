"""Public endpoint of a form: `POST /f/{id}`."""

from flask import Response, g, request

from forms_service.errors import FieldError, NotFoundError, ValidationError
from forms_service.forms import page_tokens
from forms_service.forms.cache import get_published_form
from forms_service.forms.script_words import client_words
from forms_service.intake import acceptance, openapi, origins, responses
from forms_service.intake.deduplication import KEY_HEADER
from forms_service.languages.sentences import N_
from forms_service.rate_limiting.limits import rate_limit
from forms_service.spam import altcha_challenges
from forms_service.submissions.refusals import count_refusal
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.languages import current_language
from forms_service.web.responses import as_json, success
from forms_service.web.route_policy import public, unlimited

MAX_KEY_LENGTH = 255

taking = Blueprint("taking", __name__, description="Submit a form.")
puzzles = Blueprint("puzzles", __name__, description="ALTCHA challenges, and signed times for scripts.")
taking.register_error_handler(Exception, responses.error_response)


@taking.route("/f/<form_id>", methods=["POST"])
@taking.doc(**openapi.SUBMIT)
@public
@rate_limit("submission")
@rate_limit("form")
def submit(form_id: str) -> Response:
    """Submit a form.

    The body holds the fields that the form defines, or any fields if it defines none, as JSON or in an HTML form
    encoding. Browsers are redirected (303) or shown the form again; all other clients get JSON.
    """
    form = g.form = get_published_form(form_id)
    if form.settings.allowed_origins:
        origins.check_origin(form)
    key = request.headers.get(KEY_HEADER)
    if key is not None:
        _check_key(key)
    parsed, submission_id = acceptance.accept_request(form, key)
    return responses.success_response(form, parsed, submission_id)


@taking.route("/f/<form_id>", methods=["OPTIONS"])
@taking.doc(**openapi.PREFLIGHT)
@public
@unlimited("a preflight: it says what the form's settings say")
def preflight(form_id: str) -> Response:
    """Answer the CORS preflight of a submission."""
    form = g.form = get_published_form(form_id)
    if not origins.is_allowed(form):  # the browser stops here, so no submission follows that could be counted
        count_refusal(form.id, origins.refusal_reason())
    return Response(status=204, headers={"Allow": origins.ALLOWED_METHODS})


submit.provide_automatic_options = False  # the preflight says what the form says


@puzzles.route("/f/<form_id>/challenge", methods=["GET"])
@puzzles.doc(**openapi.CHALLENGE)
@public
@rate_limit("page")
def challenge(form_id: str) -> Response:
    """Create an ALTCHA challenge, valid for one hour and one submission of this form."""
    form = g.form = get_published_form(form_id)
    origins.check_origin(form)
    if form.settings.challenge != "altcha":
        raise NotFoundError(N_("This form does not use ALTCHA."))
    return as_json(altcha_challenges.create_challenge(form.id))


@puzzles.route("/f/<form_id>/challenge", methods=["OPTIONS"])
@puzzles.doc(**openapi.CHALLENGE_PREFLIGHT)
@public
@unlimited("a preflight: it says what the form's settings say")
def challenge_preflight(form_id: str) -> Response:
    """Answer the CORS preflight of a challenge."""
    g.form = get_published_form(form_id)
    return Response(status=204, headers={"Allow": "GET, HEAD, OPTIONS"})


challenge.provide_automatic_options = False  # the preflight says what the form says


@puzzles.route("/f/<form_id>/start", methods=["GET"])
@puzzles.doc(**openapi.START)
@public
@rate_limit("page")
def start(form_id: str) -> Response:
    """Say that a visitor sees the form on another site.

    Scripts send `started` back as `_started`, and a solution of `challenge`, which is null without ALTCHA, as `altcha`.
    `words` are the sentences of `forms.js` in the visitor's language, none in English.
    """
    form = g.form = get_published_form(form_id)
    g.shows_refusal = True
    origins.check_origin(form)
    challenge = altcha_challenges.create_challenge(form.id) if form.settings.challenge == "altcha" else None
    words = client_words(current_language())
    return success({"started": page_tokens.issue_start(), "challenge": challenge, "words": words}, message="Started.")


def _check_key(key: str) -> None:
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        message = N_("Must have 1 to {limit} characters.")
        raise ValidationError({KEY_HEADER: [FieldError(message, "invalid_key", limit=MAX_KEY_LENGTH)]})
