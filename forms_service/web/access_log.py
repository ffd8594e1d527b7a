"""The access log: one line and one set of metrics per request. Never a query, a body or a token."""

import logging
import time
from functools import lru_cache

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

from forms_service.config import Settings
from forms_service.logs import configure
from forms_service.metrics import REQUEST_SECONDS, REQUESTS
from forms_service.web.client import client_for_log
from forms_service.web.user_agents import family

MAX_PATH_LENGTH = 300
"""Characters of a path that are logged, and of a user agent that a session keeps."""

requests = logging.getLogger("forms_service.requests")


def init_app(app: Flask, settings: Settings) -> None:
    """Log to standard error at LOG_LEVEL in LOG_FORMAT, and every request when it is answered."""
    configure(settings.log_level, settings.log_format)

    def log_request(response: Response) -> Response:
        seconds = time.perf_counter() - g.started
        rule, asked = request.url_rule, request.environ
        route = rule.rule if rule else "none"
        method = asked["REQUEST_METHOD"] if rule else "other"  # anybody can send any method anywhere
        count, duration = _metrics(method, route, response.status_code)
        count.inc()
        duration.observe(seconds)
        response.headers.add("X-Process-Time", f"{seconds:.6f}")
        if requests.isEnabledFor(logging.INFO):
            fields = {
                "client": client_for_log(settings.log_client),
                "method": asked["REQUEST_METHOD"],
                "path": request.path[:MAX_PATH_LENGTH],
                "status": response.status_code,
                "ms": round(seconds * 1000, 2),
                "user_agent": family(asked.get("HTTP_USER_AGENT", "")),
            }
            requests.info("request", extra={"fields": fields})
        return response

    app.after_request(log_request)


@lru_cache(1000)
def _metrics(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """What a request is counted in: looking for it at each one takes longer than counting."""
    return REQUESTS.labels(method, route, status), REQUEST_SECONDS.labels(method, route)
