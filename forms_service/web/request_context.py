"""A name for every request, in its answer and in every line that is logged about it."""

import re
import time
from threading import get_ident

from flask import Flask, Response, current_app, g, request
from uuid_utils import uuid4

from forms_service.web import slow_requests

ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,100}")


def init_app(app: Flask) -> None:
    """Take the caller's X-Request-ID or make one, and start the clock."""
    count_in_flight(app)
    app.before_request(_begin)
    app.after_request(_name)


def _begin() -> None:
    environ, started = request.environ, time.perf_counter()
    given = environ.get("HTTP_X_REQUEST_ID")
    request_id = given if given and ACCEPTED.fullmatch(given) else uuid4().hex
    g.started, g.request_id = started, request_id
    slow_requests.note_begin(started, environ, request_id)


def _name(response: Response) -> Response:
    response.headers.add("X-Request-ID", g.request_id)
    return response


def count_in_flight(app: Flask) -> None:
    """Know the threads of the process that are answering."""
    threads: set[int] = set()
    app.extensions["in_hand"] = threads
    app.before_request(lambda: threads.add(get_ident()))
    app.teardown_request(lambda _: threads.discard(get_ident()))


def requests_in_hand() -> int:
    """How many requests the process is answering right now."""
    return len(current_app.extensions["in_hand"])
