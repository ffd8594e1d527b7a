"""The shape of every answer."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec

from flask import Response, current_app, redirect, render_template, url_for

from forms_service.config import settings
from forms_service.errors import ApiError, ValidationError
from forms_service.web.access import View
from forms_service.web.negotiation import posted_by_browser

P = ParamSpec("P")


def success(
    data: Any = None, *, message: str = "Success", meta: Mapping[str, Any] | None = None, status: int = 200
) -> Response:
    """A JSON answer in the envelope of all that went well."""
    body = {"success": True, "message": message, "data": data, "meta": dict(meta or {})}
    response = current_app.json.response(body)
    response.status_code = status
    return response


def failure(error: ApiError) -> Response:
    """A JSON answer in the envelope of all that did not."""
    body: dict[str, Any] = {"success": False, "message": error.message, "error_type": type(error).__name__}
    if isinstance(error, ValidationError):
        body["errors"] = {path: " ".join(faults) for path, faults in error.faults.items()}
        body["codes"] = {path: [fault.code for fault in faults] for path, faults in error.faults.items()}
    if error.details:
        body["details"] = error.details
    response = current_app.json.response(body)
    response.status_code = error.status
    return response


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A page of ours, made from a template."""
    response = Response(render_template(template, app_name=settings.app_name, **values), status, mimetype="text/html")
    response.headers["Vary"] = "Accept"
    return response


def web_form(template: str, done: str) -> Callable[[View], View]:
    """A POST that people's browsers send as well: they get pages where programs get JSON.

    What went well leads on to the page of endpoint `done` (303); what did not shows `template` again, with what
    is wrong in `errors` and what was typed in `values`.
    """

    def decorate(view: Callable[P, Response]) -> Callable[P, Response]:
        @wraps(view)
        def wrapper(*args: P.args, **kwargs: P.kwargs) -> Response:
            response = view(*args, **kwargs)
            return redirect(url_for(done), 303) if posted_by_browser() else response  # type: ignore[return-value]

        wrapper.form_template = template  # type: ignore[attr-defined]  # a mark on a function
        return wrapper

    return decorate  # type: ignore[return-value]  # a view stays a view
