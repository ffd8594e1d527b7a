"""The answer to a submission: JSON for a program, for a browser the way on or the form again."""

import uuid
from typing import Any

from flask import Response, g, redirect, request, url_for

from forms_service.errors import (
    ApiError,
    AuthorizationError,
    BadRequestError,
    PayloadTooLargeError,
    RateLimitError,
    UnsupportedMediaTypeError,
    ValidationError,
)
from forms_service.forms import pages, returning, service
from forms_service.forms.published import PublishedForm
from forms_service.submissions.refusals import count_refusal
from forms_service.submissions.taking import formspree, origins
from forms_service.submissions.taking.deciding import INACTIVE
from forms_service.submissions.taking.dialects import Sorted, first_of, sort_out
from forms_service.submissions.taking.incoming import Incoming
from forms_service.submissions.taking.origins import from_our_page, posting_site
from forms_service.submissions.taking.redirects import destination
from forms_service.validation import special
from forms_service.web import errors
from forms_service.web.answers import as_json, failure_body, page
from forms_service.web.bodies import typed_values
from forms_service.web.negotiation import wants_page

REASONS: dict[type[ApiError], str] = {
    BadRequestError: "invalid",
    UnsupportedMediaTypeError: "invalid",
    ValidationError: "invalid",
    PayloadTooLargeError: "too_large",
    RateLimitError: "limited",
}
"""What a refusal is counted as where its kind says it all."""

THANKS = "Thank you. What you sent has arrived."


def accepted(form: PublishedForm, incoming: Incoming, identity: uuid.UUID) -> Response:
    """That it is stored, and where to go from here."""
    further = _way_on(form, incoming)
    if wants_page():
        return redirect(further or url_for("hosted.thanks", form_id=form.id), 303)  # type: ignore[return-value]
    body = {
        "success": True,
        "ok": True,
        "message": THANKS,
        "data": {"id": str(identity)},
        "meta": {},
        "next": further or f"{service.address(form.id)}/thanks",
    }
    return as_json(body)


def refused(error: Exception) -> Response:
    """What is wrong, for whatever was raised on the way."""
    known = errors.known(error)
    _count(known)
    return errors.finished(_page(known) if wants_page() else _json(known), known)


def _count(error: ApiError) -> None:
    """Let the owner see that the submission was refused, and why."""
    reason = REASONS.get(type(error))
    if isinstance(error, ValidationError) and set(error.faults) <= set(special.CHALLENGE_TOKENS):
        reason = "challenge"
    elif isinstance(error, AuthorizationError):
        reason = "closed" if error.details.get("reason") == INACTIVE else origins.refusal()
    if reason:
        count_refusal(str((request.view_args or {}).get("form_id", "")), reason)


def _json(error: ApiError) -> Response:
    body: dict[str, Any] = {**failure_body(error), "error": error.message}
    if formspree.HEADER in request.headers:
        body["errors"] = formspree.errors_of(error)
    return as_json(body, error.status)


def _page(error: ApiError) -> Response:
    form: PublishedForm | None = g.get("form")
    if form and isinstance(error, ValidationError):
        return pages.hosted(form, error.status, error.faults, _to_send_again(form), error.message)
    if form and error.details.get("reason") == INACTIVE:
        return pages.closed(form)
    if form:
        return pages.plain("error.html", form, error.status, error=error)
    return page("error.html", error.status, error=error)


def _way_on(form: PublishedForm, came: Incoming | Sorted) -> str | None:
    """The redirect that was asked for, as far as the form may lead there; None for the thank-you page."""
    back = returning.url_in(came.back, form.id) if came.back and from_our_page() else None
    if back is not None:
        return back or None
    wanted = first_of(came.control, special.REDIRECT)
    return destination(wanted, site=posting_site(), listed=form.settings.redirect_urls) if wanted else None


def _to_send_again(form: PublishedForm) -> dict[str, Any]:
    """What was typed, with where it leads by now: once it is sent from our page, the site is not to be seen."""
    typed = typed_values()
    values = {name: value for name, value in form.names.gather(typed).items() if name != special.BACK}
    came = sort_out(typed, honeypot=form.settings.honeypot)
    if first_of(came.control, special.REDIRECT):
        values[special.BACK] = returning.issue(form.id, _way_on(form, came) or "")
    return values
