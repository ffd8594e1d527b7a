"""Authorization guards for views."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, cast

from flask import Flask, g, request

from forms_service.accounts import audit
from forms_service.accounts.authentication import Caller, authenticate, token_hash
from forms_service.accounts.models import ROLES
from forms_service.errors import AuthenticationError, AuthorizationError
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.route_policy import guarded

__all__ = [
    "Caller",
    "caller",
    "check_owner",
    "require_api_key",
    "require_form_user",
    "require_operator",
    "require_owner",
    "require_owner_session",
    "require_session",
    "token_hash",
]

OWNER_ROLES = ("owner", "operator")
"""May own forms."""

View = Callable[..., Any]

SENDS_SUBMISSIONS = ("forms:write", "submissions:read")
"""Scopes to make webhooks and recipients, which get submitted data: a key for forms alone must not read it that way."""


def init_app(app: Flask) -> None:
    """Identify callers to the rate limits."""
    app.extensions["caller_id"] = _caller_id


def caller() -> Caller:
    return cast("Caller", g.caller)


def require_session(view: View) -> View:
    """API keys may not manage accounts."""
    return _guard("session", _check_session, ROLES[0])(view)


def require_owner_session(view: View) -> View:
    def check(caller: Caller) -> None:
        _check_session(caller)
        check_owner(caller)

    return _guard("owner's session", check, "owner")(view)


def require_operator(view: View) -> View:
    def check(caller: Caller) -> None:
        _check_session(caller)
        if caller.role != "operator":
            raise AuthorizationError("Only operators can do this.")

    return _guard("operator", check, "operator")(view)


def require_owner(*scopes: str) -> Callable[[View], View]:
    """Accept a session, or a key with `scopes`."""

    def check(caller: Caller) -> None:
        check_owner(caller)
        for scope in scopes:
            caller.require_scope(scope)

    return _guard(f"owner {' '.join(scopes)}", check, "owner", scopes)


def require_form_user(*scopes: str) -> Callable[[View], View]:
    """Accept any session, or a key with `scopes`; `forms.access` checks the role on the form."""

    def check(caller: Caller) -> None:
        for scope in scopes:
            caller.require_scope(scope)

    return _guard(f"form's role {' '.join(scopes)}", check, ROLES[0], scopes)


def require_api_key(scope: str) -> Callable[[View], View]:
    def check(caller: Caller) -> None:
        if caller.scopes is None:
            raise AuthorizationError("This endpoint requires an API key.")
        check_owner(caller)  # the role may have been taken since the key was made
        caller.require_scope(scope)

    return _guard(f"program {scope}", check, "owner", (scope,), by_session=False)


def _guard(
    by: str, check: Callable[[Caller], None], role: str, scopes: Sequence[str] = (), *, by_session: bool = True
) -> Callable[[View], View]:
    access: dict[str, Any] = {"x-required-role": role, "x-session": by_session}
    if scopes:
        access["x-required-scopes"] = list(scopes)

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            g.caller = _authorize(by, check)
            return view(*args, **kwargs)

        described: View = Blueprint.doc(security=[{"token": []}], **access)(wrapper)
        return guarded(by)(described)

    return decorate


def _authorize(by: str, check: Callable[[Caller], None]) -> Caller:
    try:
        caller = _current_caller()
        if caller is None:
            raise AuthenticationError()
        check(caller)
    except (AuthenticationError, AuthorizationError) as error:
        audit.warn("refused", status=error.status, guard=by)
        raise
    return caller


def _check_session(caller: Caller) -> None:
    if caller.session_id is None:
        raise AuthorizationError("This endpoint does not accept API keys. Sign in and send an access token.")


def check_owner(caller: Caller) -> None:
    if caller.role not in OWNER_ROLES:
        raise AuthorizationError("Your account cannot have forms. Ask the operator for the role owner.")


def _caller_id() -> str | None:
    caller = _current_caller()
    if caller is None:
        return None
    return f"key {caller.key_id}" if caller.key_id else f"account {caller.account_id}"


def _current_caller() -> Caller | None:
    if "current_caller" not in g:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        g.current_caller = authenticate(token.strip()) if scheme.lower() == "bearer" else None
    return cast("Caller | None", g.current_caller)
