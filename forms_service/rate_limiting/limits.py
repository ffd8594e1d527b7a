"""Rate limits: one list of them, one decorator, and headers that are true to the second.

Flask-Limiter keeps an app's storage. What it would decide in two steps and up to six round trips,
letting a refused request use up the limits before the one that refused it, is decided here in one.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from flask import Flask, current_app, g, request
from flask_limiter import Limiter

from forms_service.config import Settings, settings
from forms_service.config.parsers import Rate
from forms_service.errors import RateLimitError
from forms_service.logs import event
from forms_service.metrics import RATE_LIMITED
from forms_service.rate_limiting.keys import caller_id, caller_key
from forms_service.rate_limiting.storage import LimitCheck, LimitState, MemoryStorage, RedisStorage
from forms_service.security import derived_key
from forms_service.server.environ import SCRATCH
from forms_service.web.client import client_for_log, client_key
from forms_service.web.route_policy import View

Key = Callable[[], str]

PAGES_OF_SUBMISSION = 5
"""A client may ask for so many pages of forms, scripts and puzzles in the time of one submission."""

MAX_COUNT = 1000
"""Beyond it `count` counts no further."""

MAX_FORM_KEY_LENGTH = 16
"""Characters of a form's id; a longer one is no form's, and need not be remembered whole."""


@dataclass(frozen=True)
class Limit:
    """A named limit: its numbers, what it counts by, and which requests it is for."""

    name: str
    rate: Callable[[Settings], Rate]
    key: Key = client_key
    cost: int = 1


def _times(factor: int, rate: Rate) -> Rate:
    return Rate(factor * rate.requests, rate.seconds)


def form_key() -> str:
    """The form that the address names, whether or not there is one."""
    return str((request.view_args or {}).get("form_id", ""))[:MAX_FORM_KEY_LENGTH]


LIMITS = {
    limit.name: limit
    for limit in (
        Limit("api", lambda numbers: numbers.rate_limit),
        Limit("authenticated", lambda numbers: numbers.rate_limit_authenticated, key=caller_key),
        Limit("signup", lambda numbers: numbers.signup_rate_limit),
        Limit("resend", lambda numbers: numbers.signup_rate_limit),
        Limit("forgot", lambda numbers: numbers.signup_rate_limit),
        Limit("login", lambda numbers: numbers.login_rate_limit),
        Limit("login_account", lambda numbers: numbers.login_rate_limit),
        Limit("bearer", lambda numbers: numbers.login_rate_limit),
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
    secret = derived_key(settings.secret_key, "forms_service limits").hex()
    scheme = (RedisStorage if guard else MemoryStorage).STORAGE_SCHEME[0]
    limiter = app.extensions["limits"] = Limiter(
        client_key,
        strategy="moving-window",
        storage_uri=f"{scheme}://",
        storage_options={"guard": guard, "secret": secret} if guard else {},
    )
    # an extension that is registered already adds no hooks: its own would take 60 µs of every request
    app.extensions["limiter"] = {limiter}
    limiter.init_app(app)


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
    """Charge this request to its limits, before its body is read.

    :raises RateLimitError: when one of them is used up; none is charged then
    """
    limits = _limits_of_request() if settings.rate_limit_enabled else []
    if not limits:
        return
    scratch: dict[str, Any] = request.environ.get(SCRATCH, {})
    if "rate_limit" in scratch:  # charged when the head was shown
        g.rate_limit = scratch["rate_limit"]
        return
    storage: Any = current_app.extensions["limits"].storage
    windows: list[LimitState] = storage.hit_all([_hit(limit) for limit in limits])
    g.rate_limit = min(windows, key=lambda window: (-window.wait, window.remaining, -window.reset))
    scratch["rate_limit"] = g.rate_limit
    if g.rate_limit.wait:
        _refuse(limits[windows.index(g.rate_limit)].name, g.rate_limit)


def charge(name: str, key: str) -> None:
    """Charge a named limit inside a view, by a key that only the body tells.

    The headers do not show it before it refuses: others could follow from them what the holder of the key does.

    :raises RateLimitError: when it is used up
    """
    if settings.rate_limit_enabled:
        rate = LIMITS[name].rate(settings)
        (window,) = current_app.extensions["limits"].storage.hit_all(
            [LimitCheck(f"{name}:{key}", rate.requests, rate.seconds)]
        )
        if window.wait:
            g.rate_limit = window
            _refuse(name, window)


def _refuse(name: str, window: LimitState) -> NoReturn:
    RATE_LIMITED.labels(name).inc()
    event("rate_limited", level=logging.WARNING, limit=name, client=client_for_log(settings.log_client))
    raise RateLimitError(name, window.wait)


def reset_limit(name: str, key: str) -> None:
    """Give a named limit back to a key: who has shown who they are was no guesser."""
    if settings.rate_limit_enabled:
        current_app.extensions["limits"].storage.clear(f"{name}:{key}")


def refund(name: str, key: str) -> None:
    """Give the last charge of a named limit back to a key."""
    if settings.rate_limit_enabled:
        current_app.extensions["limits"].storage.refund(f"{name}:{key}")


def count(key: str, seconds: int) -> int:
    """Count something under a key; how often that was done in the last seconds, this time included."""
    (window,) = current_app.extensions["limits"].storage.hit_all([LimitCheck(key, MAX_COUNT, seconds)])
    return int(window.limit - window.remaining)


def _limits_of_request() -> list[Limit]:
    if request.method == "OPTIONS":
        return []
    view = current_app.view_functions.get(request.endpoint or "")
    own = getattr(view, "rate_limits", ())
    if not request.path.startswith("/api/"):
        return [*own]
    return [*own, LIMITS["authenticated" if caller_id() else "api"]]


def _hit(limit: Limit) -> LimitCheck:
    rate = limit.rate(settings)
    # an own limit without a name counts for its route alone
    scope = limit.name if limit.name in LIMITS else f"{request.endpoint}:{limit.name}"
    return LimitCheck(f"{scope}:{limit.key() or 'nobody'}", rate.requests, rate.seconds, limit.cost)
