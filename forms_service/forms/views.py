"""API of forms, and hosted pages."""

from typing import Any

from flask import Response, g, request

from forms_service.accounts.guards import caller, require_form_user, require_owner
from forms_service.forms import copies, embed_script, page_tokens, pages, schemas, service
from forms_service.forms.cache import get_published_form
from forms_service.rate_limiting.limits import rate_limit
from forms_service.validation.references import parse_reference
from forms_service.web.api_blueprint import PAGE, Blueprint
from forms_service.web.pagination import Page, PageQuery
from forms_service.web.route_policy import public, unlimited

forms = Blueprint("forms", __name__, description="Your forms.")
hosted = Blueprint("hosted", __name__, description="Hosted pages of a form, for visitors.")
scripts = Blueprint("scripts", __name__, description="Scripts that put a form into a site.")
scripts.register_error_handler(Exception, embed_script.error_response)

STYLES = {"200": {"description": "The stylesheet.", "content": {"text/css": {"schema": PAGE}}}}
SHOWN = {"200": {"description": "The HTML page.", "content": {"text/html": {"schema": PAGE}}}}
SCRIPT = {
    status: {"description": description, "content": {"text/javascript": {"schema": {"type": "string"}}}}
    for status, description in (("200", "The script."), ("default", "A script that reports the error."))
}


@forms.route("/api/forms", methods=["POST"])
@forms.doc(operationId="createForm")
@require_owner("forms:write")
@forms.arguments(schemas.NewForm)
@forms.answers(201, schemas.Form, message="Form created. It accepts submissions now.")
def create(body: dict[str, Any]) -> dict[str, Any]:
    """Create a form."""
    return service.create(body, caller().account_id)


@forms.route("/api/forms")
@forms.doc(operationId="listForms")
@require_form_user("forms:read")
@forms.arguments(PageQuery, location="query")
@forms.lists(schemas.Form, message="Your forms, newest first.")
def list_forms(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List your forms; operators see all forms."""
    return service.list_forms(caller(), **query)


@forms.route("/api/forms/<form_id>")
@forms.doc(operationId="getForm")
@require_form_user("forms:read")
@forms.answers(200, schemas.Form, message="Form.")
def show(form_id: str) -> dict[str, Any]:
    """Get a form."""
    return service.get(form_id, caller())


@forms.route("/api/forms/<form_id>/versions")
@forms.doc(operationId="listFormVersions")
@require_form_user("forms:read")
@forms.arguments(PageQuery, location="query")
@forms.lists(schemas.FormVersion, message="The versions of the form, newest first.")
def list_versions(query: dict[str, Any], form_id: str) -> Page[dict[str, Any]]:
    """List the versions of a form, each with its fields."""
    return service.list_versions(form_id, caller(), **query)


@forms.route("/api/forms/<form_id>/versions/<int(max=2147483647):version>")
@forms.doc(operationId="getFormVersion")
@require_form_user("forms:read")
@forms.answers(200, schemas.FormVersion, message="Form version.")
def show_version(form_id: str, version: int) -> dict[str, Any]:
    """Get a version of a form.

    `form_version` of a submission names the version it was submitted under.
    """
    return service.get_version(form_id, version, caller())


@forms.route("/api/forms/<form_id>", methods=["PATCH"])
@forms.doc(operationId="changeForm")
@require_form_user("forms:write")
@forms.arguments(schemas.FormChanges)
@forms.answers(200, schemas.Form, message="Form changed.")
def change(body: dict[str, Any], form_id: str) -> dict[str, Any]:
    """Change a form.

    `settings` are merged (RFC 7396: null resets a setting to its default). `fields` are replaced; if they differ, a new
    version is created, and earlier submissions keep their labels. An API key also needs `submissions:write` to shorten
    the retention of submissions.

    With `version`, the version that `fields` are based on, nobody's changes are overwritten unseen: if somebody saved
    other fields meanwhile, the answer is 409, and `details.version` names the newest version.
    """
    return service.change(form_id, caller(), body)


@forms.route("/api/forms/<form_id>/copy", methods=["POST"])
@forms.doc(operationId="copyForm")
@require_owner("forms:write")
@forms.arguments(schemas.FormCopy)
@forms.answers(201, schemas.Form, message="Form copied. The copy accepts submissions now.")
def copy(body: dict[str, Any], form_id: str) -> dict[str, Any]:
    """Copy a form that you may see into a form of your own.

    The copy has the same fields and settings, and none of the submissions, recipients, webhooks, members and secrets. A
    CAPTCHA that needs a secret is off until you set its keys.
    """
    return copies.create_copy(form_id, caller(), body)


@forms.route("/api/forms/<form_id>", methods=["DELETE"])
@forms.doc(operationId="deleteForm")
@require_form_user("forms:write")
@forms.answers(200, message="The form and all its submissions have been erased.")
@forms.may_take_time("The form is hidden now. Its submissions will be erased within minutes.")
def delete(form_id: str) -> bool:
    """Erase a form and all its submissions.

    Large forms answer 202 and are erased in the background: they are hidden at once, and
    `GET /api/forms/{form_id}/erasure` shows how much is left.

    An API key also needs `submissions:write` if the form has submissions.
    """
    return service.delete(form_id, caller())


@hosted.route("/f/<form_id>")
@hosted.doc(operationId="showForm", responses=SHOWN)
@public
@rate_limit("page")
def page(form_id: str) -> Response:
    """Show the hosted page of a form.

    Fields take their values from the query, but for consent and files; other names are ignored.
    """
    g.form = get_published_form(form_id)
    return pages.render_form(g.form, request.args)


@scripts.route("/f/<form_id>.js")
@scripts.doc(operationId="getFormScript", responses=SCRIPT)
@public
@rate_limit("page")
def script(form_id: str) -> Response:
    """Get a script that builds the form in each `<div data-form="{form_id}">` of a page."""
    g.form = get_published_form(form_id)
    return embed_script.render(g.form)


@hosted.route("/f/<form_id>/thanks")
@hosted.doc(operationId="showThanks", responses=SHOWN)
@public
@rate_limit("page")
def thanks(form_id: str) -> Response:
    """Show the thank-you page of a form."""
    g.form = get_published_form(form_id)
    reference, waiting = request.args.get("_reference", ""), request.args.get("_submission", "")
    shown = reference if parse_reference(reference) else None
    return pages.render_thanks(g.form, page_tokens.visitor_site(form_id), shown, waiting)


@hosted.route("/f/theme/<color>.css")
@hosted.doc(operationId="showTheme", responses=STYLES)
@public
@unlimited("what it answers depends on its address alone, as with a static file")
def stylesheet(color: str) -> Response:
    """Get the stylesheet of hosted pages in a colour, six hexadecimal digits."""
    return pages.render_theme(color)


page.provide_automatic_options = False  # the preflight is that of `POST /f/{id}`
