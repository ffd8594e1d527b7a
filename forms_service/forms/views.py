"""The forms blueprint, for owners; and the pages of a form, for its visitors."""

from typing import Any

from flask import Response, g, request

from forms_service.accounts.guards import caller, for_owners
from forms_service.forms import pages, returning, schemas, service
from forms_service.forms.published import published
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.api_blueprint import PAGE, Blueprint
from forms_service.web.pagination import Page, Paging
from forms_service.web.route_policy import public

forms = Blueprint("forms", __name__, description="The forms that you define.")
hosted = Blueprint("hosted", __name__, description="The pages of a form, for its visitors.")

SHOWN = {"200": {"description": "The page.", "content": {"text/html": {"schema": PAGE}}}}


@forms.route("/api/forms", methods=["POST"])
@forms.doc(operationId="createForm")
@for_owners("forms:write")
@forms.arguments(schemas.NewForm)
@forms.answers(201, schemas.Form, message="The form is ready to be sent to.")
def create(said: dict[str, Any]) -> dict[str, Any]:
    """Make a form."""
    return service.create(said, caller().account_id)


@forms.route("/api/forms")
@forms.doc(operationId="listForms")
@for_owners("forms:read")
@forms.arguments(Paging, location="query")
@forms.lists(schemas.Form, message="Your forms, the newest first.")
def listed(paging: dict[str, Any]) -> Page[dict[str, Any]]:
    """List your forms; an operator sees everybody's."""
    return service.listed(caller(), **paging)


@forms.route("/api/forms/<form_id>")
@forms.doc(operationId="getForm")
@for_owners("forms:read")
@forms.answers(200, schemas.Form, message="The form.")
def show(form_id: str) -> dict[str, Any]:
    """Look at a form."""
    return service.shown(form_id, caller())


@forms.route("/api/forms/<form_id>/versions")
@forms.doc(operationId="listFormVersions")
@for_owners("forms:read")
@forms.arguments(Paging, location="query")
@forms.lists(schemas.FormVersion, message="The versions of the form, the newest first.")
def list_versions(paging: dict[str, Any], form_id: str) -> Page[dict[str, Any]]:
    """List the versions of a form, each with the fields that it asked for."""
    return service.versions(form_id, caller(), **paging)


@forms.route("/api/forms/<form_id>/versions/<int(max=2147483647):version>")
@forms.doc(operationId="getFormVersion")
@for_owners("forms:read")
@forms.answers(200, schemas.FormVersion, message="The version of the form.")
def show_version(form_id: str, version: int) -> dict[str, Any]:
    """Look at what a form asked for in one of its versions.

    A submission names in `form_version` the one that it was sent under.
    """
    return service.version(form_id, version, caller())


@forms.route("/api/forms/<form_id>", methods=["PATCH"])
@forms.doc(operationId="changeForm")
@for_owners("forms:write")
@forms.arguments(schemas.FormChanges)
@forms.answers(200, schemas.Form, message="The form was changed.")
def change(said: dict[str, Any], form_id: str) -> dict[str, Any]:
    """Change a form.

    `settings` are merged (RFC 7396: null takes a setting back to its default). `fields` are replaced; when they
    differ, a new version begins, and what was sent before keeps the labels it was sent under. An API key needs
    `submissions:write` as well to have submissions kept for fewer days.
    """
    return service.change(form_id, caller(), said)


@forms.route("/api/forms/<form_id>", methods=["DELETE"])
@forms.doc(operationId="deleteForm")
@for_owners("forms:write")
@forms.answers(200, message="The form and all that was sent to it is erased.")
@forms.may_take_time("The form is out of sight. What was sent to it is erased within minutes.")
def delete(form_id: str) -> bool:
    """Erase a form with everything that was sent to it.

    Where that is much, the answer is 202, and the rest is done in the background: nobody finds any of it from now on,
    and `GET /api/forms/{form_id}/erasure` says how much is left.


    An API key needs `submissions:write` as well when anything was sent to it.
    """
    return service.delete(form_id, caller())


@hosted.route("/f/<form_id>")
@hosted.doc(operationId="showForm", responses=SHOWN)
@public
@rate_limit("page")
def page(form_id: str) -> Response:
    """Show the form as a page; hidden fields take their values from the query."""
    g.form = published(form_id)
    return pages.asked_for(g.form, request.args)


@hosted.route("/f/<form_id>/thanks")
@hosted.doc(operationId="showThanks", responses=SHOWN)
@public
@rate_limit("page")
def thanks(form_id: str) -> Response:
    """Show the page that a browser is led to after sending the form."""
    g.form = published(form_id)
    return pages.thanks(g.form, returning.visitor_site(form_id))


page.provide_automatic_options = False  # the preflight is that of `POST /f/{id}`
