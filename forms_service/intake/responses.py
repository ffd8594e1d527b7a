"""Responses: JSON for programs; a redirect or the form for browsers."""

import uuid

from flask import Response, g, redirect, request, url_for

from forms_service.errors import (
    ApiError,
    AuthorizationError,
    BadRequestError,
    NotFoundError,
    PayloadTooLargeError,
    RateLimitError,
    UnsupportedMediaTypeError,
    ValidationError,
)
from forms_service.form_schema import special_fields
from forms_service.forms import page_tokens
from forms_service.forms.availability import INACTIVE
from forms_service.forms.cache import PublishedForm
from forms_service.intake import origins
from forms_service.intake.origins import find_redirect, from_our_page
from forms_service.intake.refusal_pages import refusal_page
from forms_service.languages.catalogues import translate
from forms_service.languages.sentences import N_
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.submissions.refusals import count_refusal
from forms_service.uploads import multipart_upload
from forms_service.validation.references import reference_of
from forms_service.web import error_handlers
from forms_service.web.languages import PARAMETER, current_language, translated
from forms_service.web.responses import as_json, failure_body, wants_page

REASONS: dict[type[ApiError], str] = {
    BadRequestError: "invalid",
    UnsupportedMediaTypeError: "invalid",
    ValidationError: "invalid",
    PayloadTooLargeError: "too_large",
    RateLimitError: "limited",
}

FORMSPREE_HEADER = "Formspree-Client"

FORMSPREE_FIELD_CODES = {
    "required": "REQUIRED_FIELD_MISSING",
    "blank": "REQUIRED_FIELD_EMPTY",
    "invalid_email": "TYPE_EMAIL",
    "invalid_number": "TYPE_NUMERIC",
    "invalid_text": "TYPE_TEXT",
}
"""Our codes → Formspree's."""

FORMSPREE_FORM_CODES = {"empty": "EMPTY", "no_files": "NO_FILE_UPLOADS"}
"""Reported for the whole form."""

FORMSPREE_REASONS = ("INACTIVE", "BLOCKED", "FILES_TOO_BIG", "TOO_MANY_FILES", "NO_FILE_UPLOADS")
"""Formspree's codes among ours."""

THANKS = N_("Thank you. Your submission has been received.")


def success_response(form: PublishedForm, parsed: ParsedSubmission, submission_id: uuid.UUID) -> Response:
    next_url = find_redirect(form, parsed) if parsed.control or parsed.back else None
    language = parsed.language
    reference = reference_of(submission_id)
    if wants_page():
        return redirect(next_url or _thanks_url(form, submission_id), 303)  # type: ignore[return-value]
    more = f"&_submission={submission_id}" if form.settings.double_opt_in else ""
    more += _language_query() if parsed.control else ""
    body = {
        "success": True,
        "ok": True,
        "message": form.in_language(language).settings.thanks.text or translate(THANKS, language),
        "data": {"id": str(submission_id), "reference": reference, **_status(form)},
        "meta": {},
        "next": next_url or f"{form.url}/thanks?_reference={reference}{more}",
    }
    return _in_language(as_json(body), language)


def _language_query() -> str:
    requested = g.get("requested_language")
    return f"&{PARAMETER}={requested}" if requested else ""


def _in_language(response: Response, language: str) -> Response:
    # well-formed: Headers.add() would check it, which takes 1 µs
    response.headers._list.append(("Content-Language", language))
    return response


def _status(form: PublishedForm) -> dict[str, str]:
    # by the form alone: the answer must not tell spam apart
    return {"status": "unconfirmed"} if form.settings.double_opt_in else {}


def _thanks_url(form: PublishedForm, submission_id: uuid.UUID) -> str:
    token = request.args.get(page_tokens.SITE_PARAMETER, "")
    site = token if from_our_page() and page_tokens.return_url(token, form.id) else None
    waiting = submission_id if form.settings.double_opt_in else None
    reference = reference_of(submission_id)
    return url_for("hosted.thanks", form_id=form.id, _site=site, _reference=reference, _submission=waiting)


def error_response(error: Exception) -> Response:
    """Count the refusal; return JSON or page."""
    api_error = error_handlers.to_api_error(error)
    _count_refusal(api_error)
    return error_handlers.finalize(refusal_page(api_error) if wants_page() else _json(api_error), api_error)


def _count_refusal(error: ApiError) -> None:
    reason = REASONS.get(type(error))
    if isinstance(error, ValidationError) and set(error.field_errors) <= set(special_fields.CHALLENGE_TOKENS):
        reason = "challenge"
    elif isinstance(error, ValidationError) and any(
        multipart_upload.STORAGE_FULL in field_errors for field_errors in error.field_errors.values()
    ):
        reason = "too_large"
    elif isinstance(error, AuthorizationError):
        reason = "closed" if error.details.get("reason") == INACTIVE else origins.refusal_reason()
    if reason:
        count_refusal(str((request.view_args or {}).get("form_id", "")), reason)


def _json(error: ApiError) -> Response:
    language = current_language()
    body = failure_body(error, language)
    body["error"] = body["message"]
    if FORMSPREE_HEADER in request.headers:
        body["errors"] = _formspree_errors(error)
    return _in_language(as_json(body, error.status), language)


def _formspree_errors(error: ApiError) -> list[dict[str, str]]:
    if isinstance(error, ValidationError):
        return [
            _formspree_error(path, fault.code, translated(fault))
            for path, faults in error.field_errors.items()
            for fault in faults
        ]
    reason = "FORM_NOT_FOUND" if isinstance(error, NotFoundError) else error.details.get("reason")
    code = {"code": reason} if reason == "FORM_NOT_FOUND" or reason in FORMSPREE_REASONS else {}
    return [{**code, "message": translated(error.message)}]


def _formspree_error(path: str, code: str, message: str) -> dict[str, str]:
    if code in FORMSPREE_FORM_CODES:
        return {"code": FORMSPREE_FORM_CODES[code], "message": message}
    code_entry = {"code": FORMSPREE_FIELD_CODES[code]} if code in FORMSPREE_FIELD_CODES else {}
    return {**code_entry, "field": path, "message": message}
