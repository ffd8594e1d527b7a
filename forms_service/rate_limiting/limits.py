"""Rate limits: their list, the decorator, the check before each request."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from flask import Flask, Request, current_app, g, request

from forms_service.config import Settings, settings
from forms_service.config.parsers import Rate
from forms_service.errors import RateLimitError
from forms_service.logs import event
from forms_service.metrics import RATE_LIMITED
from forms_service.rate_limiting import flask_limiter
from forms_service.rate_limiting.database_storage import DatabaseStorage
from forms_service.rate_limiting.keys import caller_id, caller_key
from forms_service.rate_limiting.storage import LimitCheck, LimitState, MemoryStorage, RedisStorage
from forms_service.security import derive_subkey
from forms_service.server.environ import SCRATCH
from forms_service.web.client import client_for_log, client_key
from forms_service.web.route_policy import View

Key = Callable[[], str]

PAGES_PER_SUBMISSION = 5
"""Pages, scripts and challenges."""

MAX_COUNT = 1000
"""`count` stops here."""

MAX_FORM_KEY_LENGTH = 16
"""Of a form id; longer ones do not exist."""


@dataclass(frozen=True)
class Limit:
    """A rate, or its setting, and a key."""

    name: str
    rate: Rate | str
    key: Key = client_key
    cost: int = 1
    factor: int = 1
    guards_password: bool = False
    """Always counted in the database: Redis may lose its counts, and a restart those in memory."""

    def check(self, key: str, settings: Settings) -> LimitCheck:
        rate: Rate = getattr(settings, self.rate) if isinstance(self.rate, str) else self.rate
        return LimitCheck(key, self.factor * rate.requests, rate.seconds, self.cost)


def form_key() -> str:
    """The form need not exist."""
    return str((request.view_args or {}).get("form_id", ""))[:MAX_FORM_KEY_LENGTH]


LIMITS = {
    limit.name: limit
    for limit in (
        Limit("api", "rate_limit"),
        Limit("authenticated", "rate_limit_authenticated", key=caller_key),
        Limit("signup", "signup_rate_limit"),
        Limit("resend", "signup_rate_limit"),
        Limit("forgot", "signup_rate_limit"),
        Limit("login", "login_rate_limit", guards_password=True),
        Limit("login_account", "login_rate_limit", guards_password=True),
        Limit("bearer", "login_rate_limit"),
        Limit("password", "login_rate_limit", key=caller_key, guards_password=True),
        Limit("recipients", Rate(30, 3600)),
        Limit("members", Rate(30, 3600)),
        Limit("subscription", Rate(60, 3600)),
        Limit("submission", "submission_rate_limit"),
        Limit("form", "form_rate_limit", form_key),
        Limit("webhook_test", Rate(30, 3600), key=caller_key),
        Limit("page", "submission_rate_limit", factor=PAGES_PER_SUBMISSION),
        Limit("console", "rate_limit_authenticated"),
    )
}


def init_app(app: Flask, settings: Settings) -> None:
    redis = app.extensions["redis"]
    secret = derive_subkey(settings.secret_key, "forms_service limits").hex().encode()
    database = DatabaseStorage(secret)
    storage = RedisStorage(redis, secret, database) if redis else MemoryStorage()
    app.extensions["rate_limits"] = storage
    app.extensions["password_limits"] = database
    flask_limiter.bind(app, storage)


def rate_limit(
    limit: int | str, window: int | None = None, cost: int = 1, key: Key = client_key
) -> Callable[[View], View]:
    """Allow `limit` calls per `window` seconds, or a named limit; OPTIONS is exempt."""
    if isinstance(limit, str):
        named = LIMITS[limit]
    else:
        seconds = window or 900
        if cost > limit:
            raise ValueError("A call that costs more than the limit can never succeed.")
        named = Limit(f"{limit}/{seconds}", Rate(limit, seconds), key, cost)

    def add(view: View) -> View:
        view.rate_limits = (*getattr(view, "rate_limits", ()), named)  # type: ignore[attr-defined]
        return view

    return add


def check() -> None:
    """Charge the request's limits, or raise RateLimitError and charge none."""
    this: Request = cast("Any", request)._get_current_object()  # each use of the proxy takes 1 µs
    limits = _limits_of(this)
    if not limits:
        return
    scratch: dict[str, Any] = this.environ.get(SCRATCH, {})
    if "rate_limit" in scratch:  # charged when the head was shown
        g.rate_limit = scratch["rate_limit"]
        return
    states = _charge_all(limits)
    name, state = min(states, key=lambda item: (-item[1].wait, item[1].remaining, -item[1].reset))
    g.rate_limit = scratch["rate_limit"] = state
    if state.wait:
        _refuse(name, state)


def charge(name: str, key: str) -> None:
    """Charge a named limit by a key from the body, or raise RateLimitError.

    Headers show it only on refusal, as they would reveal the key's use.
    """
    if settings.rate_limit_enabled:
        (state,) = _storage(name).hit_all([LIMITS[name].check(f"{name}:{key}", settings)])
        if state.wait:
            g.rate_limit = state
            _refuse(name, state)


def require_unspent(name: str, key: str) -> None:
    """Raise RateLimitError if a named limit is used up; charge nothing."""
    if settings.rate_limit_enabled:
        check = LIMITS[name].check(f"{name}:{key}", settings)
        # one less at no cost: refused as one more hit would be
        (state,) = _storage(name).hit_all([check._replace(limit=check.limit - 1, cost=0)])
        if state.wait:
            g.rate_limit = state._replace(limit=check.limit)
            _refuse(name, state)


def reset_limit(name: str, key: str) -> None:
    """Clear a key, such as after sign-in."""
    if settings.rate_limit_enabled:
        _storage(name).clear(f"{name}:{key}")


def refund(name: str, key: str) -> None:
    """Take back the last charge."""
    if settings.rate_limit_enabled:
        _storage(name).refund(f"{name}:{key}")


def count(key: str, seconds: int) -> int:
    """Count an event; return the number within `seconds`, up to MAX_COUNT."""
    (state,) = _storage().hit_all([LimitCheck(key, MAX_COUNT, seconds)])
    return state.limit - state.remaining


def _storage(name: str = "") -> MemoryStorage:
    guards_password = name in LIMITS and LIMITS[name].guards_password
    return cast("MemoryStorage", current_app.extensions["password_limits" if guards_password else "rate_limits"])


def _charge_all(limits: Sequence[Limit]) -> list[tuple[str, LimitState]]:
    """Charge all, or none if one has a `wait`; then the list may lack others."""
    app_settings: Settings = current_app.config["SETTINGS"]
    charged: list[tuple[Limit, LimitCheck]] = []
    states: list[tuple[str, LimitState]] = []
    for guards_password in (True, False):
        part = [(one, one.check(_key(one), app_settings)) for one in limits if one.guards_password is guards_password]
        if not part:
            continue
        answers = _storage(part[0][0].name).hit_all([check for _, check in part])
        states += zip((limit.name for limit, _ in part), answers, strict=True)
        if any(state.wait for state in answers):
            for limit, check in charged:
                _storage(limit.name).refund(check.key)
            break
        charged = part
    return states


def _limits_of(request: Request) -> list[Limit]:
    app: Flask = cast("Any", current_app)._get_current_object()
    if request.method == "OPTIONS" or not app.config["SETTINGS"].rate_limit_enabled:
        return []
    view = app.view_functions.get(request.endpoint or "")
    limits = list(getattr(view, "rate_limits", ()))
    if request.path.startswith("/api/") and not hasattr(view, "unlimited"):
        limits.append(LIMITS["authenticated" if caller_id() else "api"])
    return limits


def _key(limit: Limit) -> str:
    # a limit without a name counts for its route alone
    scope = limit.name if limit.name in LIMITS else f"{request.endpoint}:{limit.name}"
    return f"{scope}:{limit.key() or 'nobody'}"


def _refuse(name: str, state: LimitState) -> NoReturn:
    RATE_LIMITED.labels(name).inc()
    event("rate_limited", level=logging.WARNING, limit=name, client=client_for_log(settings.log_client))
    raise RateLimitError(name, state.wait)
