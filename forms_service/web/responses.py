"""The shape of every answer."""

from collections.abc import Mapping
from typing import Any, cast

from flask import Response, current_app, render_template

from forms_service.config import settings
from forms_service.errors import ApiError, ValidationError


def success(
    data: Any = None, *, message: str = "Success", meta: Mapping[str, Any] | None = None, status: int = 200
) -> Response:
    """A JSON answer in the envelope of all that went well."""
    body = {"success": True, "message": message, "data": data, "meta": dict(meta or {})}
    return as_json(body, status)


def failure(error: ApiError) -> Response:
    """A JSON answer in the envelope of all that did not."""
    return as_json(failure_body(error), error.status)


def failure_body(error: ApiError) -> dict[str, Any]:
    """What such an answer says."""
    body: dict[str, Any] = {"success": False, "message": error.message, "error_type": type(error).__name__}
    if isinstance(error, ValidationError):
        body["errors"] = {path: " ".join(faults) for path, faults in error.faults.items()}
        body["codes"] = {path: [fault.code for fault in faults] for path, faults in error.faults.items()}
    if error.details:
        body["details"] = error.details
    return body


def as_json(body: Any, status: int = 200) -> Response:
    """An answer in JSON, without an envelope."""
    response = cast("Response", current_app.json.response(body))
    response.status_code = status
    return response


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page of ours, made from a template."""
    response = Response(render_template(template, app_name=settings.app_name, **values), status, mimetype="text/html")
    response.headers["Vary"] = "Accept"
    return response
