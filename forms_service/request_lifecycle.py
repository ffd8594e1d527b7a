"""The request hooks, one of each kind, in visible order."""

import logging
import os
import re
import time
from functools import lru_cache
from threading import get_ident
from typing import Any, cast

from flask import Flask, Request, Response, g, request
from prometheus_client import Counter, Histogram
from uuid_utils import uuid4

from forms_service.config import settings
from forms_service.errors import BadRequestError
from forms_service.intake import origins
from forms_service.metrics import REQUEST_SECONDS, REQUESTS
from forms_service.rate_limiting import limits
from forms_service.server.environ import MALFORMED
from forms_service.web import active_requests, cors, security_headers
from forms_service.web.active_requests import ActiveRequest, active
from forms_service.web.client import client_for_log
from forms_service.web.responses import append_headers
from forms_service.web.security_headers import FORM_PATH
from forms_service.web.user_agents import family

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
"""Accepted from the client."""

log = logging.getLogger("forms_service.requests")


def init_app(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(_end)


def _begin() -> None:
    environ, started = request.environ, time.perf_counter()
    header = environ.get("HTTP_X_REQUEST_ID")
    request_id = header if header and REQUEST_ID.fullmatch(header) else uuid4().hex
    g.request_id = request_id
    g.active_request = active[get_ident()] = ActiveRequest(started, environ, request_id)
    if active_requests.watcher_process != os.getpid():
        active_requests.start_watcher()
    if log.isEnabledFor(logging.DEBUG):
        log.debug("request_begins", extra={"fields": active_requests.log_fields(environ)})
    if MALFORMED in environ:
        raise BadRequestError(environ[MALFORMED])
    limits.check()  # before the body is read


def _finish(response: Response) -> Response:
    path = request.path
    if path.startswith(FORM_PATH):
        origins.add_cors_headers(response)
    elif path.startswith("/api/"):
        cors.add_headers(response)
    active_request: ActiveRequest = g.active_request
    active_request.answered = True
    security_headers.add_headers(response)
    headers = [("X-Request-ID", active_request.request_id)]
    limit = g.get("rate_limit")
    if limit:
        headers.append(("X-RateLimit-Limit", str(limit.limit)))
        headers.append(("X-RateLimit-Remaining", str(limit.remaining)))
        headers.append(("X-RateLimit-Reset", str(limit.reset)))
    seconds = time.perf_counter() - active_request.started
    headers.append(("X-Process-Time", f"{seconds:.6f}"))
    append_headers(response, headers)
    _count_and_log(response.status_code, seconds)
    return response


def _end(_: BaseException | None) -> None:
    active.pop(get_ident(), None)


def _count_and_log(status: int, seconds: float) -> None:
    # never logs a query, a body or a token
    this: Request = cast("Any", request)._get_current_object()  # each use of the proxy takes 1 µs
    rule, environ = this.url_rule, this.environ
    method = environ["REQUEST_METHOD"]
    # anybody can send any method anywhere: only those of a route get a time series
    count, duration = _metrics(method if rule else "other", rule.rule if rule else "none", status)
    count.inc()
    duration.observe(seconds)
    if log.isEnabledFor(logging.INFO):
        fields = {
            "client": client_for_log(settings.log_client),
            "method": method,
            "path": this.path[: active_requests.MAX_PATH_LENGTH],
            "status": status,
            "ms": round(seconds * 1000, 2),
            "user_agent": family(environ.get("HTTP_USER_AGENT", "")),
        }
        log.info("request", extra={"fields": fields})


@lru_cache(1000)
def _metrics(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    # cached: finding a time series takes longer than counting
    return REQUESTS.labels(method, route, status), REQUEST_SECONDS.labels(method, route)
