"""Pages of refusals: the form with its errors, or the visitor's texts to copy."""

from collections.abc import Mapping
from typing import Any

from flask import Response, g, request

from forms_service.errors import (
    ApiError,
    ConflictError,
    FieldError,
    InternalServerError,
    PayloadTooLargeError,
    RateLimitError,
    ServiceUnavailableError,
    ValidationError,
)
from forms_service.form_schema import special_fields
from forms_service.forms import availability, page_tokens, pages
from forms_service.forms.cache import PublishedForm
from forms_service.forms.controls import MAX_PAGE_SIZE
from forms_service.intake.origins import find_redirect
from forms_service.intake.parsing import split_special_fields
from forms_service.spam.checks import MIN_FILL_SECONDS
from forms_service.submissions.parsed_submission import first_of
from forms_service.validation.label_links import strip_links
from forms_service.web.bodies import query_fields
from forms_service.web.languages import current_language
from forms_service.web.recovery import MAX_CHARACTERS, submitted_values, words

TRANSIENT_ERRORS = (ConflictError, InternalServerError, RateLimitError, ServiceUnavailableError)
"""Worth resubmitting unchanged."""

Values = Mapping[str, Any]


def refusal_page(error: ApiError) -> Response:
    form: PublishedForm | None = g.get("form")
    values = submitted_values()
    g.setdefault("body", values)  # the language may be in it
    if form and _takes_corrections(form, values) and form.page_size <= MAX_PAGE_SIZE and _is_mendable(error):
        faults = _faults(form, error)
        return pages.render_hosted(form, error.status, faults, _again(form, values), None if faults else error.message)
    return _words_page(form, error, values)


def _takes_corrections(form: PublishedForm, values: Values) -> bool:
    return form.is_open or availability.is_within_grace(form, values.get(special_fields.STARTED))


def _is_mendable(error: ApiError) -> bool:
    # not after too long a text, which may not have been read whole
    files = isinstance(error, PayloadTooLargeError) and "reason" in error.details
    return isinstance(error, ValidationError) or files


def _faults(form: PublishedForm, error: ApiError) -> dict[str, list[FieldError]]:
    if isinstance(error, ValidationError):
        return error.field_errors
    files = [field["name"] for field in form.fields if field["type"] == "file"]
    name = g.get("too_large") or (files[0] if len(files) == 1 else "")
    return {name: [FieldError(error.message, "too_large")]} if name in files else {}


def _again(form: PublishedForm, values: Values) -> pages.PreviousAttempt:
    typed = form.names.gather(values)
    redisplayed = {name: value for name, value in typed.items() if name != special_fields.BACK}
    parsed = split_special_fields(typed, honeypot=form.settings.honeypot)
    if first_of(parsed.control, special_fields.REDIRECT):
        # signed, since our page hides the original site
        redisplayed[special_fields.BACK] = page_tokens.issue_return(form.id, find_redirect(form, parsed) or "")
    age = page_tokens.start_age(parsed.started) if parsed.started else None
    files = [name for name in g.get("sent_files", ()) if not form.fields or form.types.get(name) == "file"]
    # a correction is never too fast
    return pages.PreviousAttempt(
        redisplayed, files, max(age or 0, MIN_FILL_SECONDS), page_tokens.visitor_site(form.id), _query()
    )


def _words_page(form: PublishedForm | None, error: ApiError, values: Values) -> Response:
    fields = form.in_language(current_language()).fields if form else ()
    labels = {field["name"]: strip_links(field.get("label", field["name"])) for field in fields}
    trap = form.settings.honeypot if form else None
    typed = {name: value for name, value in values.items() if name != trap}
    texts = words(typed, labels)
    form_id = str((request.view_args or {}).get("form_id", ""))
    site = page_tokens.visitor_site(form_id)
    return pages.render_refusal(
        form,
        error,
        words=texts,
        resent=_resent(form_id, error, typed, sum(len(text) for _, text in texts)),
        action=pages.resubmission_url(form_id, _query(), site),
        site=site,
    )


def _query() -> list[tuple[str, str]]:
    return [pair for pair in query_fields() if pair[0] != page_tokens.SITE_PARAMETER]


def _resent(form_id: str, error: ApiError, values: Values, length: int) -> list[tuple[str, str]]:
    whole = length < MAX_CHARACTERS and not g.get("sent_files")
    return pages.hidden_fields(values) if form_id and whole and isinstance(error, TRANSIENT_ERRORS) else []
