"""Pages of operators."""

import uuid
from typing import Any

from flask import Blueprint, Response

from forms_service.accounts import operators
from forms_service.accounts.guards import caller
from forms_service.accounts.signup.schemas import Address
from forms_service.console.arguments import form_arguments, query_arguments
from forms_service.console.guards import require_operator_session
from forms_service.console.limits import limit_account
from forms_service.console.operator import pages
from forms_service.console.operator.schemas import SUPPRESS, RoleForm, SuppressionForm
from forms_service.console.rendering import redisplay, render, see
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.pagination import PageQuery

operator_pages = Blueprint("console_operator", __name__)


def _accounts_page(cursor: str | None = None) -> Response:
    return render("console/operator/accounts.html", **pages.accounts_page(caller(), cursor))


def _account_page(account_id: uuid.UUID) -> Response:
    return render("console/operator/account.html", **pages.account_page(account_id))


def _suppressions_page(cursor: str | None = None) -> Response:
    return render("console/operator/suppressions.html", **pages.suppressions_page(cursor))


@operator_pages.get("/console/operator")
@require_operator_session
@rate_limit("console")
@query_arguments(PageQuery())
def show(query: dict[str, Any]) -> Response:
    """Show health, backlog and failing webhooks."""
    return render("console/operator/overview.html", **pages.overview_page(query["cursor"]))


@operator_pages.get("/console/operator/accounts")
@require_operator_session
@rate_limit("console")
@query_arguments(PageQuery())
def list_accounts(query: dict[str, Any]) -> Response:
    """List all accounts."""
    return _accounts_page(query["cursor"])


@operator_pages.post("/console/operator/accounts")
@require_operator_session
@rate_limit("console")
@redisplay(_accounts_page)
@form_arguments(Address())
def find_account(body: dict[str, Any]) -> Any:
    """Go to the account with an address."""
    return see("console_operator.show_account", account_id=operators.find(**body))


@operator_pages.get("/console/operator/accounts/<uuid:account_id>")
@require_operator_session
@rate_limit("console")
def show_account(account_id: uuid.UUID) -> Response:
    """Show an account."""
    return _account_page(account_id)


@operator_pages.post("/console/operator/accounts/<uuid:account_id>/enable")
@require_operator_session
@rate_limit("console")
@redisplay(_account_page)
def enable_account(account_id: uuid.UUID) -> Any:
    """Enable an account."""
    operators.enable(caller(), account_id)
    return see("console_operator.show_account", done="account_enabled", account_id=account_id)


@operator_pages.post("/console/operator/accounts/<uuid:account_id>/disable")
@require_operator_session
@rate_limit("console")
@redisplay(_account_page)
def disable_account(account_id: uuid.UUID) -> Any:
    """Disable an account."""
    operators.disable(caller(), account_id)
    return see("console_operator.show_account", done="account_disabled", account_id=account_id)


@operator_pages.post("/console/operator/accounts/<uuid:account_id>/role")
@require_operator_session
@rate_limit("console")
@redisplay(_account_page)
@limit_account("password")
@form_arguments(RoleForm())
def change_role(body: dict[str, Any], account_id: uuid.UUID) -> Any:
    """Change the role of an account."""
    operators.set_role(caller(), account_id, **body)
    return see("console_operator.show_account", done="role_changed", account_id=account_id)


@operator_pages.get("/console/operator/suppressions")
@require_operator_session
@rate_limit("console")
@query_arguments(PageQuery())
def list_suppressions(query: dict[str, Any]) -> Response:
    """List the addresses that get no mail."""
    return _suppressions_page(query["cursor"])


@operator_pages.post("/console/operator/suppressions")
@require_operator_session
@rate_limit("console")
@redisplay(_suppressions_page)
@form_arguments(SuppressionForm())
def change_suppression(body: dict[str, Any]) -> Any:
    """Suppress an address, or send mail to it again."""
    if body["action"] == SUPPRESS:
        operators.suppress(caller(), body["email"])
        return see("console_operator.list_suppressions", done="suppression_added")
    operators.unsuppress(caller(), body["email"])
    return see("console_operator.list_suppressions", done="suppression_removed")


@operator_pages.post("/console/operator/suppressions/<uuid:suppression_id>/remove")
@require_operator_session
@rate_limit("console")
def remove_suppression(suppression_id: uuid.UUID) -> Any:
    """Send mail to an address of the list again."""
    operators.unsuppress(caller(), suppression_id)
    return see("console_operator.list_suppressions", done="suppression_removed")
