"""Envelopes of JSON responses, HTML pages, and content negotiation."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from json import JSONEncoder
from typing import Any

from flask import Response, render_template, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.datastructures import Headers, MIMEAccept
from werkzeug.http import parse_accept_header

from forms_service.config import settings
from forms_service.errors import ApiError, ValidationError
from forms_service.languages.catalogues import translate
from forms_service.languages.formats import ENGLISH
from forms_service.server.environ import CONSTANT_HEADERS
from forms_service.web.bodies import JSON
from forms_service.web.languages import current_language

HTML = "text/html"
CONSTANT_HEADERS.add(("Content-Type", JSON))

MAX_REMEMBERED = 256
"""Characters of a cached `Accept`; browsers send shorter ones."""


_encode = JSONEncoder(default=DefaultJSONProvider.default, separators=(",", ":")).encode


class JsonResponse(Response):
    """Its headers are final: Werkzeug would copy and check each of them."""

    def get_wsgi_headers(self, environ: Any) -> Headers:
        return self.headers


def success(
    data: Any = None, *, message: str = "Success", meta: Mapping[str, Any] | None = None, status: int = 200
) -> Response:
    body = {"success": True, "message": message, "data": data, "meta": dict(meta or {})}
    return as_json(body, status)


def failure(error: ApiError, language: str = ENGLISH) -> Response:
    response = as_json(failure_body(error, language), error.status)
    if language != ENGLISH:
        response.headers["Content-Language"] = language
    return response


def failure_body(error: ApiError, language: str = ENGLISH) -> dict[str, Any]:
    message = translate(error.message, language)
    body: dict[str, Any] = {"success": False, "message": message, "error_type": error.error_type}
    if isinstance(error, ValidationError):
        errors = error.field_errors.items()
        body["errors"] = {path: " ".join(translate(fault, language) for fault in faults) for path, faults in errors}
        body["codes"] = {path: [fault.code for fault in faults] for path, faults in error.field_errors.items()}
    if error.details:
        body["details"] = error.details
    return body


def as_json(body: Any, status: int = 200) -> Response:
    """Return JSON without an envelope."""
    return JsonResponse(f"{_encode(body)}\n", status, content_type=JSON)


def append_headers(response: Response, headers: Iterable[tuple[str, str]]) -> None:
    """Append well-formed headers: `Headers.add()` would check each, which takes 1 µs."""
    response.headers._list.extend(headers)


def page(template: str, status: int = 200, **values: Any) -> Response:
    response = Response(render_template(template, app_name=settings.app_name, **values), status, mimetype="text/html")
    response.headers["Vary"] = "Accept, Accept-Language"
    response.headers["Content-Language"] = current_language()
    return response


def wants_page() -> bool:
    """Whether `Accept` prefers HTML, or the browser navigates; `fetch` and curl get JSON."""
    environ = request.environ
    if environ.get("HTTP_X_REQUESTED_WITH", "").lower() == "xmlhttprequest":
        return False
    return _preferred(environ) == HTML or environ.get("HTTP_SEC_FETCH_MODE") == "navigate"


def asks_for_json() -> bool:
    return _preferred(request.environ) == JSON


def _preferred(environ: Mapping[str, Any]) -> str | None:
    accept: str = environ.get("HTTP_ACCEPT", "")
    return _remembered(accept) if len(accept) <= MAX_REMEMBERED else _first_named(accept)


def _first_named(accept: str) -> str | None:
    for named, quality in parse_accept_header(accept, MIMEAccept):
        mimetype = named.partition(";")[0].lower()
        if quality and (mimetype == JSON or mimetype.endswith("+json")):
            return JSON
        if quality and mimetype == HTML:
            return HTML
    return None


_remembered = lru_cache(256)(_first_named)
