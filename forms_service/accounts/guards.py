"""Who is asking: the guards that views declare, and the caller that they let in."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, cast

from flask import Flask, g, request

from forms_service.accounts import audit
from forms_service.accounts.authentication import Caller, identified, token_hash
from forms_service.accounts.models import ROLES
from forms_service.errors import AuthenticationError, AuthorizationError
from forms_service.web.api_blueprint import Blueprint
from forms_service.web.route_policy import guarded

__all__ = ["Caller", "caller", "for_operators", "for_owners", "for_programs", "owner_signed_in", "signed_in"]
__all__ += ["token_hash"]

OWNERS = ("owner", "operator")
"""The roles that may have forms."""

View = Callable[..., Any]


def init_app(app: Flask) -> None:
    """Let the rate limits know who is asking."""
    app.extensions["caller_id"] = _who_asks


def caller() -> Caller:
    """Who is asking; only inside a guarded view."""
    return cast("Caller", g.caller)


def signed_in(view: View) -> View:
    """Only for people who are signed in; what they may do to their own account no API key may."""
    return _guard("session", _needs_session, ROLES[0])(view)


def owner_signed_in(view: View) -> View:
    """Only for people who are signed in and may have forms."""

    def check(found: Caller) -> None:
        _needs_session(found)
        _needs_owner(found)

    return _guard("owner's session", check, "owner")(view)


def for_operators(view: View) -> View:
    """Only for operators who are signed in."""

    def check(found: Caller) -> None:
        _needs_session(found)
        if found.role != "operator":
            raise AuthorizationError("Only operators can do this.")

    return _guard("operator", check, "operator")(view)


def for_owners(*scopes: str) -> Callable[[View], View]:
    """Only for who may have forms: by a session, or by an API key with those scopes."""

    def check(found: Caller) -> None:
        _needs_owner(found)
        for scope in scopes:
            found.demand(scope)

    return _guard(f"owner {' '.join(scopes)}", check, "owner", scopes)


def for_programs(scope: str) -> Callable[[View], View]:
    """Only for programs: by an API key with that scope."""

    def check(found: Caller) -> None:
        if found.scopes is None:
            raise AuthorizationError("This endpoint requires an API key.")
        found.demand(scope)

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
            g.caller = _let_in(by, check)
            return view(*args, **kwargs)

        described: View = Blueprint.doc(security=[{"token": []}], **access)(wrapper)
        return guarded(by)(described)

    return decorate


def _let_in(by: str, check: Callable[[Caller], None]) -> Caller:
    """Who is asking, if they may."""
    try:
        found = _asking()
        if found is None:
            raise AuthenticationError()
        check(found)
    except (AuthenticationError, AuthorizationError) as error:
        audit.warn("refused", status=error.status, guard=by)
        raise
    return found


def _needs_session(found: Caller) -> None:
    if found.session_id is None:
        raise AuthorizationError("This endpoint does not accept API keys. Sign in and send an access token.")


def _needs_owner(found: Caller) -> None:
    if found.role not in OWNERS:
        raise AuthorizationError("Your account cannot have forms. Ask the operator for the role owner.")


def _who_asks() -> str | None:
    """The account or API key of a valid token, by which its requests are counted; None for a client like any other."""
    found = _asking()
    if found is None:
        return None
    return f"key {found.key_id}" if found.key_id else f"account {found.account_id}"


def _asking() -> Caller | None:
    """Whom the request's token stands for, looked up once in a request."""
    if "asking" not in g:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        g.asking = identified(token.strip()) if scheme.lower() == "bearer" else None
    return cast("Caller | None", g.asking)
