"""The answer to a submission: JSON for a program, for a browser the way on or the form again."""

import uuid
from typing import Any

from flask import Response, g, redirect, request, url_for

from forms_service.errors import ApiError, ValidationError
from forms_service.forms import pages, service
from forms_service.forms.published import PublishedForm
from forms_service.submissions.taking import formspree
from forms_service.submissions.taking.deciding import INACTIVE
from forms_service.submissions.taking.dialects import first_of
from forms_service.submissions.taking.incoming import Incoming
from forms_service.submissions.taking.origins import posting_site
from forms_service.submissions.taking.redirects import destination
from forms_service.validation import special
from forms_service.web import errors
from forms_service.web.answers import as_json, failure_body, page
from forms_service.web.bodies import typed_values
from forms_service.web.negotiation import posted_by_browser

THANKS = "Thank you. What you sent has arrived."


def accepted(form: PublishedForm, incoming: Incoming, identity: uuid.UUID) -> Response:
    """That it is stored, and where to go from here."""
    wanted = first_of(incoming.control, special.REDIRECT)
    further = destination(wanted, site=posting_site(), listed=form.settings.redirect_urls) if wanted else None
    if posted_by_browser():
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
    return errors.finished(_page(known) if posted_by_browser() else _json(known), known)


def _json(error: ApiError) -> Response:
    body: dict[str, Any] = {**failure_body(error), "error": error.message}
    if formspree.HEADER in request.headers:
        body["errors"] = formspree.errors_of(error)
    return as_json(body, error.status)


def _page(error: ApiError) -> Response:
    form: PublishedForm | None = g.get("form")
    if form and isinstance(error, ValidationError):
        return pages.hosted(form, error.status, error.faults, typed_values(), error.message)
    if form and error.details.get("reason") == INACTIVE:
        return pages.closed(form)
    return page("error.html", error.status, error=error)
