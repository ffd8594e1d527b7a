"""Pages of webhooks: those of a form, and those of all forms of an account, where `form_id` is None."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from forms_service.accounts.guards import caller
from forms_service.console.arguments import form_arguments, query_arguments
from forms_service.console.guards import require_sign_in
from forms_service.console.rendering import redisplay, render, see
from forms_service.console.webhooks import page_values, schemas
from forms_service.rate_limiting.limits import rate_limit
from forms_service.webhooks.management.schemas import Retry, TestEvent

webhook_pages = Blueprint("console_webhooks", __name__)

View = Callable[..., Any]
FormId = str | None


def _route(path: str = "", method: str = "GET") -> Callable[[View], View]:
    def register(view: View) -> View:
        of_all, of_form = f"/console/webhooks{path}", f"/console/forms/<form_id>/webhooks{path}"
        webhook_pages.add_url_rule(of_all, None, view, methods=[method], defaults={"form_id": None})
        webhook_pages.add_url_rule(of_form, None, view, methods=[method])
        return view

    return register


def _edit_page(form_id: FormId, webhook_id: uuid.UUID | None = None) -> Response:
    return render("console/webhooks/edit.html", **page_values.edit_page(form_id, caller(), webhook_id))


@query_arguments(schemas.PageQuery())
def _page(query: dict[str, Any], form_id: FormId, webhook_id: uuid.UUID, delivery_id: Any = None) -> Response:
    return render("console/webhooks/page.html", **page_values.webhook_page(form_id, caller(), webhook_id, query))


@_route()
@require_sign_in
@rate_limit("console")
def show_list(form_id: FormId) -> Response:
    """Show webhooks, and why those fail that do."""
    return render("console/webhooks/list.html", **page_values.list_page(form_id, caller()))


@_route("/new")
@require_sign_in
@rate_limit("console")
def show_new(form_id: FormId) -> Response:
    """Show the form that makes a webhook."""
    return _edit_page(form_id)


@_route("/new", "POST")
@require_sign_in
@rate_limit("console")
@redisplay(_edit_page)
@form_arguments(schemas.NewWebhookForm())
def create(body: dict[str, Any], form_id: FormId) -> Response:
    """Make a webhook; this answer alone shows its secret."""
    return render("console/webhooks/secret.html", 201, **page_values.create(form_id, caller(), body))


@_route("/sample")
@require_sign_in
@rate_limit("console")
@query_arguments(schemas.SampleQuery())
def show_sample(query: dict[str, Any], form_id: FormId) -> Response:
    """Show what a format sends."""
    values = page_values.sample_page(form_id, caller(), query["event"], query["format"])
    return render("console/webhooks/sample.html", **values)


@_route("/<uuid:webhook_id>")
@require_sign_in
@rate_limit("console")
def show(form_id: FormId, webhook_id: uuid.UUID) -> Any:
    """Show a webhook with its log."""
    return _page(form_id=form_id, webhook_id=webhook_id)


@_route("/<uuid:webhook_id>/change")
@require_sign_in
@rate_limit("console")
def show_change(form_id: FormId, webhook_id: uuid.UUID) -> Response:
    """Show the form that changes a webhook."""
    return _edit_page(form_id, webhook_id)


@_route("/<uuid:webhook_id>/change", "POST")
@require_sign_in
@rate_limit("console")
@redisplay(_edit_page)
@form_arguments(schemas.WebhookForm())
def change(body: dict[str, Any], form_id: FormId, webhook_id: uuid.UUID) -> Any:
    """Change a webhook."""
    page_values.change(form_id, caller(), webhook_id, body)
    return see("console_webhooks.show", "saved", form_id=form_id, webhook_id=webhook_id)


@_route("/<uuid:webhook_id>/switch", "POST")
@require_sign_in
@rate_limit("console")
@redisplay(_page)
@form_arguments(schemas.SwitchForm())
def switch(body: dict[str, Any], form_id: FormId, webhook_id: uuid.UUID) -> Any:
    """Switch a webhook on or off."""
    page_values.change(form_id, caller(), webhook_id, body)
    notice = "webhook_on" if body["enabled"] else "webhook_off"
    return see("console_webhooks.show", notice, form_id=form_id, webhook_id=webhook_id)


@_route("/<uuid:webhook_id>/rotate", "POST")
@require_sign_in
@rate_limit("console")
def rotate(form_id: FormId, webhook_id: uuid.UUID) -> Response:
    """Replace the secret; this answer alone shows the new one."""
    return render("console/webhooks/secret.html", **page_values.rotate(form_id, caller(), webhook_id))


@_route("/<uuid:webhook_id>/test", "POST")
@require_sign_in
@rate_limit("console")
@redisplay(_page)
@form_arguments(TestEvent())
def test(body: dict[str, Any], form_id: FormId, webhook_id: uuid.UUID) -> Any:
    """Send a sample event, and wait for its answer on the page."""
    delivery_id = page_values.send_test(form_id, caller(), webhook_id, body["event"])
    return see("console_webhooks.show", form_id=form_id, webhook_id=webhook_id, test=delivery_id)


@_route("/<uuid:webhook_id>/retry", "POST")
@require_sign_in
@rate_limit("console")
@redisplay(_page)
@form_arguments(Retry())
def retry(body: dict[str, Any], form_id: FormId, webhook_id: uuid.UUID) -> Any:
    """Send again what has failed."""
    count = page_values.retry(form_id, caller(), webhook_id, body)
    return see("console_webhooks.show", form_id=form_id, webhook_id=webhook_id, retried=count)


@_route("/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/retry", "POST")
@require_sign_in
@rate_limit("console")
@redisplay(_page)
def retry_delivery(form_id: FormId, webhook_id: uuid.UUID, delivery_id: uuid.UUID) -> Any:
    """Send one delivery again."""
    page_values.retry_delivery(form_id, caller(), webhook_id, delivery_id)
    return see("console_webhooks.show", "due", form_id=form_id, webhook_id=webhook_id)


@_route("/<uuid:webhook_id>/delete", "POST")
@require_sign_in
@rate_limit("console")
def delete(form_id: FormId, webhook_id: uuid.UUID) -> Any:
    """Delete a webhook with its deliveries."""
    page_values.delete(form_id, caller(), webhook_id)
    return see("console_webhooks.show_list", "deleted", form_id=form_id)
