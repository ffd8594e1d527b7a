"""Sign-in, sign-out, and the list of forms."""

from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from forms_service.accounts.guards import caller
from forms_service.accounts.sessions import browser_sessions
from forms_service.accounts.sessions import service as sessions
from forms_service.accounts.sessions.attempts import limit_attempts
from forms_service.console import cookies, csrf, rendering, schemas
from forms_service.console.arguments import form_arguments, query_arguments
from forms_service.console.forms_table import list_visible
from forms_service.console.guards import find_caller, require_sign_in
from forms_service.console.rendering import render
from forms_service.console.return_paths import location, safe_path
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.responses import page
from forms_service.web.route_policy import public

console = Blueprint("console", __name__)
rendering.init_blueprint(console)


@console.get("/console/sign-in")
@public
@rate_limit("console")
def show_sign_in() -> Any:
    """Show the form, or go on for who is signed in."""
    path = safe_path(request.args.get("next", ""))
    if find_caller():
        return redirect(location(path), 303)
    return page("console/sign_in.html", errors={}, values={"next": path})


@console.post("/console/sign-in")
@public
@rate_limit("login")
@csrf.protect
@form_arguments(schemas.SignIn())
def sign_in(body: dict[str, Any]) -> Any:
    """Sign in by the API's rules, and go to the page that was asked for."""
    path = safe_path(body.pop("next"))
    cookies.keep(
        limit_attempts(
            body["email"], lambda device: browser_sessions.sign_in(**body, device=device, replaced=cookies.read())
        )
    )
    return redirect(location(path), 303)


sign_in.form_template = "console/sign_in.html"  # type: ignore[attr-defined]  # a mark on a function


@console.post("/console/sign-out")
@require_sign_in
@rate_limit("console")
def sign_out() -> Any:
    """End the session."""
    sessions.sign_out(caller())
    cookies.drop()
    return redirect(url_for("console.show_sign_in"), 303)


@console.get("/console")
@require_sign_in
@rate_limit("console")
@query_arguments(schemas.FormsQuery())
def list_forms(query: dict[str, Any]) -> Response:
    """Show the forms that one owns or is a member of."""
    return render("console/forms.html", **list_visible(caller(), **query))
