"""Pages of one's own account."""

import uuid
from typing import Any

from flask import Blueprint, Response, redirect, url_for

from forms_service.accounts.api_keys import service as keys
from forms_service.accounts.guards import OWNER_ROLES, caller
from forms_service.accounts.me import data_rights, schemas, service
from forms_service.accounts.sessions import service as sessions
from forms_service.console import cookies
from forms_service.console.account import pages
from forms_service.console.account.schemas import NewKeyForm, ProfileForm
from forms_service.console.arguments import form_arguments, query_arguments
from forms_service.console.guards import require_owner_session, require_sign_in
from forms_service.console.limits import limit_account
from forms_service.console.rendering import redisplay, render, see
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.bodies import JSON
from forms_service.web.downloads import download
from forms_service.web.pagination import PageQuery
from forms_service.web.responses import as_json

account_pages = Blueprint("console_account", __name__)


def _account_page(cursor: str | None = None) -> Response:
    return render("console/account/account.html", **pages.account_page(caller(), cursor))


def _password_page() -> Response:
    return render("console/account/password.html", account=service.get_account(caller()))


def _email_page() -> Response:
    return render("console/account/email.html", account=service.get_account(caller()))


def _deletion_page() -> Response:
    return render("console/account/delete.html", **pages.deletion_page(caller()))


def _keys_page(made: dict[str, Any] | None = None) -> Response:
    may_make = caller().role in OWNER_ROLES
    return render("console/account/keys.html", made=made, may_make=may_make, **pages.keys_page(caller()))


@account_pages.get("/console/account")
@require_sign_in
@rate_limit("console")
@query_arguments(PageQuery())
def show(query: dict[str, Any]) -> Response:
    """Show profile, sessions, export and deletion."""
    return _account_page(query["cursor"])


@account_pages.post("/console/account")
@require_sign_in
@rate_limit("console")
@redisplay(_account_page)
@form_arguments(ProfileForm())
def change_profile(body: dict[str, Any]) -> Any:
    """Change name, phone, time zone and shortcuts."""
    service.change_profile(caller(), body)
    return see("console_account.show", done="saved")


@account_pages.get("/console/account/password")
@require_sign_in
@rate_limit("console")
def show_password() -> Response:
    """Show the form for a new password."""
    return _password_page()


@account_pages.post("/console/account/password")
@require_sign_in
@rate_limit("console")
@redisplay(_password_page)
@limit_account("password")
@form_arguments(schemas.NewPassword())
def change_password(body: dict[str, Any]) -> Any:
    """Change the password; this session stays."""
    service.change_password(caller(), **body)
    return see("console_account.show", done="password_changed")


@account_pages.get("/console/account/email")
@require_sign_in
@rate_limit("console")
def show_email() -> Response:
    """Show the form for a new address."""
    return _email_page()


@account_pages.post("/console/account/email")
@require_sign_in
@rate_limit("console")
@redisplay(_email_page)
@limit_account("password")
@form_arguments(schemas.NewEmail())
def change_email(body: dict[str, Any]) -> Any:
    """Mail a link to the new address."""
    service.change_email(caller(), **body)
    return see("console_account.show", done="address_change_sent")


@account_pages.post("/console/account/sessions/<uuid:session_id>/end")
@require_sign_in
@rate_limit("console")
def end_session(session_id: uuid.UUID) -> Any:
    """End a session."""
    sessions.end_session(session_id, caller())
    return see("console_account.show", done="session_ended", _anchor="sessions")


@account_pages.post("/console/account/sessions/end-others")
@require_sign_in
@rate_limit("console")
def end_other_sessions() -> Any:
    """End all sessions but this one."""
    sessions.end_other_sessions(caller())
    return see("console_account.show", done="other_sessions_ended", _anchor="sessions")


@account_pages.post("/console/account/export")
@require_sign_in
@rate_limit("console")
def export() -> Response:
    """Download everything held on the account."""
    document = as_json(schemas.Document().dump(data_rights.export(caller())))
    return download(iter([document.data]), "account.json", JSON)


@account_pages.get("/console/account/delete")
@require_sign_in
@rate_limit("console")
def show_deletion() -> Response:
    """Say what goes, and ask for the password."""
    return _deletion_page()


@account_pages.post("/console/account/delete")
@require_sign_in
@rate_limit("console")
@redisplay(_deletion_page)
@limit_account("password")
@form_arguments(schemas.CurrentPasswordOnly())
def erase(body: dict[str, Any]) -> Any:
    """Erase the account, its forms and their submissions."""
    data_rights.erase(caller(), **body)
    cookies.drop()
    return redirect(url_for("accounts.account_erased"), 303)


@account_pages.get("/console/keys")
@require_sign_in
@rate_limit("console")
def show_keys() -> Response:
    """List the API keys."""
    return _keys_page()


@account_pages.post("/console/keys")
@require_owner_session
@rate_limit("console")
@redisplay(_keys_page)
@limit_account("password")
@form_arguments(NewKeyForm())
def make_key(body: dict[str, Any]) -> Response:
    """Make a key, and show it this once."""
    return _keys_page(keys.create(caller(), **body))


@account_pages.post("/console/keys/<uuid:key_id>/revoke")
@require_sign_in
@rate_limit("console")
def revoke_key(key_id: uuid.UUID) -> Any:
    """Revoke a key."""
    keys.revoke(key_id, caller())
    return see("console_account.show_keys", done="key_revoked")


@account_pages.get("/console/events")
@require_sign_in
@rate_limit("console")
@query_arguments(PageQuery())
def show_events(query: dict[str, Any]) -> Response:
    """Show the audit trail."""
    return render("console/account/events.html", **pages.events_page(caller(), **query))
