"""Pages that make and edit forms."""

from typing import Any

from flask import Blueprint, Response

from forms_service.accounts.guards import OWNER_ROLES, caller
from forms_service.console.arguments import form_arguments
from forms_service.console.build import drafts, page, schemas
from forms_service.console.build.words import TYPE_NAMES
from forms_service.console.guards import require_sign_in
from forms_service.console.rendering import render, see
from forms_service.errors import ConflictError, ValidationError
from forms_service.forms import copies
from forms_service.forms import service as forms
from forms_service.forms.access import MANAGER
from forms_service.forms.starters import BLANK, STARTERS
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.bodies import accept_fields

build_pages = Blueprint("console_build", __name__)

SHARE = "console_share.show"
"""Where a form made from a template leads: its code."""

EDITOR = "console_build.show"
TEMPLATE = "console/build/editor.html"


@build_pages.get("/console/forms/new")
@require_sign_in
@rate_limit("console")
def choose() -> Response:
    """Show the forms to start from."""
    return render("console/build/new.html", starters=STARTERS, may_have_forms=caller().role in OWNER_ROLES)


@build_pages.post("/console/forms/new")
@require_sign_in
@rate_limit("console")
@form_arguments(schemas.NewForm())
def create(body: dict[str, Any]) -> Any:
    """Make a form, and go on to its code, or to its fields if it has none."""
    form = copies.create_own(caller(), STARTERS[body["starter"]].body)
    return see(EDITOR if body["starter"] == BLANK else SHARE, done="created", form_id=form["id"])


@build_pages.get("/console/forms/<form_id>/build")
@require_sign_in
@rate_limit("console")
def show(form_id: str) -> Response:
    """Show the editor."""
    return render(TEMPLATE, **page.editor(form_id, caller()))


@build_pages.post("/console/forms/<form_id>/build")
@require_sign_in
@rate_limit("console")
@accept_fields(schemas.MAX_INPUTS)
@form_arguments(schemas.Edit())
def edit(body: dict[str, Any], form_id: str) -> Any:
    """Save the form, or show it after one of the editor's buttons."""
    draft, action = body["draft"], body["action"]
    if not action.startswith("save"):
        draft, focus = page.apply_action(draft, action, body["new_type"])
        return render(TEMPLATE, **page.editor(form_id, caller(), draft, focus=focus))
    try:
        renames = page.save(form_id, caller(), draft, may_rename=action == "save_renamed")
    except (ValidationError, ConflictError) as error:
        return render(TEMPLATE, error.status, **page.editor(form_id, caller(), draft, error=error))
    if renames:
        return render(TEMPLATE, 409, **page.editor(form_id, caller(), draft, renames=renames))
    return see(EDITOR, done="saved", form_id=form_id)


@build_pages.post("/console/forms/<form_id>/build/preview")
@require_sign_in
@rate_limit("console")
@accept_fields(schemas.MAX_INPUTS)
@form_arguments(schemas.Edit())
def preview(body: dict[str, Any], form_id: str) -> Response:
    """Show the hosted form of a draft, for htmx."""
    return render("console/build/preview.html", **page.preview(form_id, caller(), body["draft"]))


@build_pages.post("/console/forms/<form_id>/build/card")
@require_sign_in
@rate_limit("console")
@accept_fields(schemas.MAX_INPUTS)
@form_arguments(schemas.Edit())
def card(body: dict[str, Any], form_id: str) -> Response:
    """Show a new card, or one whose type was changed, for htmx."""
    forms.get(form_id, caller(), MANAGER)
    draft: drafts.Draft = body["draft"]
    shown = next((card for card in draft.cards if card.key == body["retype"]), None)
    focus = f"type.{shown.key}" if shown else "new"
    shown = shown or drafts.add(draft, body["new_type"]).cards[-1]
    return render("console/build/card.html", card=page.card_values(shown, is_open=True), types=TYPE_NAMES, focus=focus)


@build_pages.post("/console/forms/<form_id>/versions/<int(max=2147483647):number>/restore")
@require_sign_in
@rate_limit("console")
@form_arguments(schemas.Restore())
def restore(body: dict[str, Any], form_id: str, number: int) -> Any:
    """Save the fields of an earlier version as a new one."""
    try:
        page.restore(form_id, number, caller(), body["version"])
    except (ValidationError, ConflictError) as error:
        return render(TEMPLATE, error.status, **page.editor(form_id, caller(), error=error))
    return see(EDITOR, done="restored", form_id=form_id)


@build_pages.post("/console/forms/<form_id>/copy")
@require_sign_in
@rate_limit("console")
def copy(form_id: str) -> Any:
    """Copy a form into one of the caller's own."""
    form = copies.create_copy(form_id, caller(), {})
    return see(EDITOR, done="copied", form_id=form["id"])
