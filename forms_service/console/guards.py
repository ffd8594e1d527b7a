"""Guards of the console: by cookie only, and every POST with a CSRF token."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from forms_service.accounts import audit
from forms_service.accounts.guards import Caller, check_owner
from forms_service.accounts.sessions import browser_sessions
from forms_service.console import cookies, csrf
from forms_service.console.return_paths import HOME, requested_path
from forms_service.errors import AuthorizationError, NotFoundError
from forms_service.forms.access import OPERATOR
from forms_service.web.route_policy import guarded

View = Callable[..., Any]


def find_caller() -> Caller | None:
    """Return who is signed in."""
    token = cookies.read()
    return browser_sessions.find_caller(token) if token else None


def require_sign_in(view: View) -> View:
    """Accept any account; the services check the role on a form."""
    return _guard("console session", view, lambda _: None)


def require_owner_session(view: View) -> View:
    """Accept accounts that may have forms of their own."""
    return _guard("console owner", view, check_owner)


def require_operator_session(view: View) -> View:
    """Accept operators; to others the page does not exist."""

    def check(caller: Caller) -> None:
        if caller.role != OPERATOR:
            raise NotFoundError()

    return _guard("console operator", view, check)


def _guard(by: str, view: View, check: Callable[[Caller], None]) -> View:
    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        caller = find_caller()
        if caller is None:
            return _to_sign_in()
        g.caller = caller
        if request.method == "POST":
            csrf.check()
        try:
            check(caller)
        except (AuthorizationError, NotFoundError) as error:
            audit.warn("refused", status=error.status, guard=by)
            raise
        return view(*args, **kwargs)

    return guarded(by)(wrapper)


def _to_sign_in() -> BaseResponse:
    path = requested_path()
    leads_back = path != HOME and request.endpoint != "console.sign_out"
    return redirect(url_for("console.show_sign_in", next=path if leads_back else None), 303)
