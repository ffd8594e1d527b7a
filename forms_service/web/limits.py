"""Rate limits: one list of them, one decorator, and headers that are true to the second.

Flask-Limiter keeps an app's storage. What it would decide in two steps and up to six round trips,
letting a refused request use up the limits before the one that refused it, is decided here in one.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask_limiter import Limiter

from forms_service.config import Settings, settings
from forms_service.config.values import Rate
from forms_service.errors import RateLimitError
from forms_service.metrics import RATE_LIMITED
from forms_service.server.environ import MARKS
from forms_service.web.access import View
from forms_service.web.client import client_for_log, client_key
from forms_service.web.limit_keys import account_key, caller_key, who_asks
from forms_service.web.limit_storage import BoundedMemory, Hit, SharedRedis, Window
from forms_service.web.logs import event

Key = Callable[[], str]

PAGES_OF_SUBMISSION = 5
"""A client may ask for so many pages of forms, scripts and puzzles in the time of one submission."""

LONGEST_FORM_KEY = 16
"""Characters of a form's id; a longer one is no form's, and need not be remembered whole."""


@dataclass(frozen=True)
class Limit:
    """A named limit: its numbers, what it counts by, and which requests it is for."""

    name: str
    rate: Callable[[Settings], Rate]
    key: Key = client_key
    cost: int = 1
    reads_body: bool = False
    """Whether `key` reads the body: such a limit is asked after all others, since parsing costs time."""


def _times(factor: int, rate: Rate) -> Rate:
    return Rate(factor * rate.requests, rate.seconds)


def form_key() -> str:
    """The form that the address names, whether or not there is one."""
    return str((request.view_args or {}).get("form_id", ""))[:LONGEST_FORM_KEY]


LIMITS = {
    limit.name: limit
    for limit in (
        Limit("api", lambda numbers: numbers.rate_limit),
        Limit("authenticated", lambda numbers: numbers.rate_limit_authenticated, key=caller_key),
        Limit("signup", lambda numbers: numbers.signup_rate_limit),
        Limit("resend", lambda numbers: numbers.signup_rate_limit),
        Limit("forgot", lambda numbers: numbers.signup_rate_limit),
        Limit("login", lambda numbers: numbers.login_rate_limit),
        Limit("login_account", lambda numbers: numbers.login_rate_limit, key=account_key, reads_body=True),
        Limit("password", lambda numbers: numbers.login_rate_limit, key=caller_key),
        Limit("submission", lambda numbers: numbers.submission_rate_limit),
        Limit("form", lambda numbers: numbers.form_rate_limit, form_key),
        Limit("page", lambda numbers: _times(PAGES_OF_SUBMISSION, numbers.submission_rate_limit)),
    )
}
"""Every limit there is; those with a setting change by it."""


def init_app(app: Flask, settings: Settings) -> None:
    """Count requests of the app before anything else is done for them."""
    guard = app.extensions["redis"]
    scheme = (SharedRedis if guard else BoundedMemory).STORAGE_SCHEME[0]
    limiter = app.extensions["limits"] = Limiter(
        client_key,
        strategy="moving-window",
        storage_uri=f"{scheme}://",
        storage_options={"guard": guard} if guard else {},
    )
    # an extension that is registered already adds no hooks: its own would take 60 µs of every request
    app.extensions["limiter"] = {limiter}
    limiter.init_app(app)
    if settings.rate_limit_enabled:
        app.before_request(check)
        app.after_request(_add_headers)


def rate_limit(
    limit: int | str, window: int | None = None, cost: int = 1, key: Key = client_key
) -> Callable[[View], View]:
    """Let a view be called `limit` times in `window` seconds for each `key()`, or as the limit of that name says.

    A call counts `cost`. Limits are checked before the body is read, all together, and not for OPTIONS.
    """
    if isinstance(limit, str):
        named = LIMITS[limit]
    else:
        seconds = window or 900
        if cost > limit:
            raise ValueError("a call that costs more than the limit is never answered")
        named = Limit(f"{limit}/{seconds}", lambda _: Rate(limit, seconds), key, cost)

    def mark(view: View) -> View:
        view.rate_limits = (*getattr(view, "rate_limits", ()), named)  # type: ignore[attr-defined]
        return view

    return mark


def check() -> None:
    """Charge this request to its limits: together to those that need no body, then to those that read it.

    :raises RateLimitError: when one of them is used up; those it was asked together with are not charged then
    """
    limits = _limits_of_request()
    _charge([limit for limit in limits if not limit.reads_body], "rate_limit")
    _charge([limit for limit in limits if limit.reads_body], "rate_limit_of_body")


def _charge(limits: list[Limit], mark: str) -> None:
    if not limits:
        return
    marks: dict[str, Any] = request.environ.get(MARKS, {})
    if mark in marks:  # charged when the head was shown
        g.rate_limit = marks[mark]
        return
    storage: Any = current_app.extensions["limits"].storage
    windows: list[Window] = storage.take([_hit(limit) for limit in limits])
    shown = [*windows, *([g.rate_limit] if "rate_limit" in g else [])]
    g.rate_limit = marks[mark] = min(shown, key=lambda window: (-window.wait, window.remaining, -window.reset))
    if g.rate_limit.wait:
        refused = limits[windows.index(g.rate_limit)]
        RATE_LIMITED.labels(refused.name).inc()
        event("rate_limited", level=logging.WARNING, limit=refused.name, client=client_for_log(settings.log_client))
        raise RateLimitError(refused.name, g.rate_limit.wait)


def forgive(name: str, key: str | None = None) -> None:
    """Give a named limit back to this request's key, or to another: who has shown who they are was no guesser."""
    limit = LIMITS[name]
    if settings.rate_limit_enabled:
        current_app.extensions["limits"].storage.clear(f"{name}:{key or limit.key()}")


def is_first(key: str, seconds: int) -> bool:
    """Whether nothing was counted under this key in the last seconds; counts it."""
    (window,) = current_app.extensions["limits"].storage.take([Hit(key, 1, seconds)])
    return not window.wait


def _limits_of_request() -> list[Limit]:
    if request.method == "OPTIONS":
        return []
    view = current_app.view_functions.get(request.endpoint or "")
    own = getattr(view, "rate_limits", ())
    if not request.path.startswith("/api/"):
        return [*own]
    return [*own, LIMITS["authenticated" if who_asks() else "api"]]


def _hit(limit: Limit) -> Hit:
    rate = limit.rate(settings)
    # an own limit without a name counts for its route alone
    scope = limit.name if limit.name in LIMITS else f"{request.endpoint}:{limit.name}"
    return Hit(f"{scope}:{limit.key() or 'nobody'}", rate.requests, rate.seconds, limit.cost)


def _add_headers(response: Response) -> Response:
    window: Window | None = g.get("rate_limit")
    if window:
        response.headers["X-RateLimit-Limit"] = str(window.limit)
        response.headers["X-RateLimit-Remaining"] = str(window.remaining)
        response.headers["X-RateLimit-Reset"] = str(window.reset)
    return response
