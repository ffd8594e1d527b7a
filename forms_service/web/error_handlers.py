"""Maps every exception to a response without internal details."""

import logging

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestedRangeNotSatisfiable

from forms_service import errors
from forms_service.config import settings
from forms_service.database.writability import is_unavailable
from forms_service.errors import ApiError
from forms_service.languages.formats import ENGLISH
from forms_service.logs import event
from forms_service.web.client import client_for_log
from forms_service.web.languages import current_language, translated
from forms_service.web.recovery import submitted_values
from forms_service.web.responses import failure, page, wants_page
from forms_service.web.security_headers import FORM_PATH

BY_STATUS: dict[int, type[ApiError]] = {
    kind.status: kind
    for kind in (
        errors.BadRequestError,
        errors.AuthenticationError,
        errors.AuthorizationError,
        errors.NotFoundError,
        errors.ConflictError,
        errors.PayloadTooLargeError,
        errors.UnsupportedMediaTypeError,
        errors.InternalServerError,
    )
}

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    app.register_error_handler(Exception, handle_error)
    # the router would redirect to a URL with the Host header, which anybody can forge
    app.url_map.merge_slashes = app.url_map.strict_slashes = False


def handle_error(error: Exception) -> Response:
    error = to_api_error(error)
    return finalize(_error_page(error) if wants_page() else failure(error, _language_of_json()), error)


def finalize(response: Response, error: ApiError) -> Response:
    """Add headers, and log a denied client."""
    if error.status in (401, 403):
        client = client_for_log(settings.log_client)
        event("refused", level=logging.WARNING, status=error.status, reason=error.message, client=client)
    response.headers.update(error.headers)
    if error.status in (400, 413):
        response.headers["Connection"] = "close"  # the rest of the body may still be on its way
    return response


def to_api_error(error: Exception) -> ApiError:
    """Convert any exception; log unexpected ones."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, MethodNotAllowed):
        return errors.MethodNotAllowedError(list(error.valid_methods or ()))
    if isinstance(error, RequestedRangeNotSatisfiable):
        return errors.RangeNotSatisfiableError(error.length)
    if isinstance(error, HTTPException):
        status = error.code or 500
        return BY_STATUS.get(status, errors.BadRequestError if status < 500 else errors.InternalServerError)()
    if is_unavailable(error):
        event("database_unavailable", level=logging.ERROR, error=_cause(error))
        return errors.ServiceUnavailableError()
    log.error("unexpected_error", exc_info=error)
    return errors.InternalServerError()


def _cause(error: Exception) -> str:
    # the driver's message has neither the SQL statement nor its values
    return f"{type(error).__name__}: {getattr(error, 'orig', None) or error}"[:300]


def _language_of_json() -> str:
    # what owners' programs get is in English
    return current_language() if request.path.startswith(FORM_PATH) else ENGLISH


def _form_template() -> str | None:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "form_template", None) if request.method == "POST" else None


def _error_page(error: ApiError) -> Response:
    faults = error.field_errors if isinstance(error, errors.ValidationError) else {}
    template = _form_template()
    if template:
        texts = {name: [translated(fault) for fault in messages] for name, messages in faults.items()}
        return page(template, error.status, error=error, errors=texts, values=submitted_values())
    template = "forms/refused.html" if request.path.startswith(FORM_PATH) else "error.html"
    return page(template, error.status, error=error)
