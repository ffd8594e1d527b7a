"""A name for every request, in its answer and in every line that is logged about it."""

import re
import time

from flask import Flask, Response, g, request
from uuid_utils import uuid4

from forms_service.web import slow_requests

ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,100}")


def init_app(app: Flask) -> None:
    """Take the caller's X-Request-ID or make one, and start the clock."""
    app.before_request(_begin)
    app.after_request(_name)


def _begin() -> None:
    g.started = time.perf_counter()
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if ACCEPTED.fullmatch(given) else uuid4().hex
    slow_requests.note_begin(g.started, request.environ, g.request_id)


def _name(response: Response) -> Response:
    response.headers.add("X-Request-ID", g.request_id)
    return response
