"""Page of a form's code to copy, with tests of it."""

from typing import Any

from flask import Blueprint, Response, request

from forms_service.accounts.guards import caller
from forms_service.console.arguments import form_arguments, query_arguments
from forms_service.console.guards import require_sign_in
from forms_service.console.rendering import redisplay, render, see
from forms_service.console.share import qr_code, schemas
from forms_service.console.share.share_page import gather
from forms_service.console.share.snippets import WAYS
from forms_service.forms import service as forms
from forms_service.inbox import service as inbox
from forms_service.intake.trials import send_trial
from forms_service.rate_limiting.limits import rate_limit
from forms_service.web.downloads import download

share_pages = Blueprint("console_share", __name__)

PICTURE_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


@share_pages.get("/console/forms/<form_id>/share")
@require_sign_in
@rate_limit("console")
@query_arguments(schemas.ShareQuery())
def show(query: dict[str, Any], form_id: str) -> Response:
    """Show the code of one way to use the form."""
    is_new = request.args.get("done") == "created"
    return render("console/share/show.html", is_new=is_new, **gather(form_id, caller(), **query))


def _show_again(form_id: str) -> Response:
    way = request.form.get("way", "")
    values = gather(form_id, caller(), way if way in WAYS else next(iter(WAYS)), None)
    return render("console/share/show.html", is_new=False, **values)


@share_pages.post("/console/forms/<form_id>/share")
@require_sign_in
@rate_limit("console")
@rate_limit("submission")
@rate_limit("form")
@redisplay(_show_again)
@form_arguments(schemas.TrialForm())
def send_test(body: dict[str, Any], form_id: str) -> Any:
    """Submit sample values as the code of this way does."""
    way = WAYS[body["way"]]
    submission_id = send_trial(form_id, caller(), way.label, by_script=way.by_script)
    return see("console_share.show", "tested", form_id=form_id, way=body["way"], tested=submission_id, _anchor="test")


@share_pages.post("/console/forms/<form_id>/share/delete")
@require_sign_in
@rate_limit("console")
@form_arguments(schemas.DeleteForm())
def delete_test(body: dict[str, Any], form_id: str) -> Any:
    """Delete the submission of a test."""
    inbox.delete(body["submission"], caller())
    return see("console_share.show", "deleted", form_id=form_id, way=body["way"])


@share_pages.get("/console/forms/<form_id>/share/qr-code")
@require_sign_in
@rate_limit("console")
@query_arguments(schemas.PictureQuery())
def download_qr_code(query: dict[str, Any], form_id: str) -> Response:
    """Download the QR code of the form's page."""
    form, kind = forms.get(form_id, caller()), query["format"]
    picture = qr_code.picture(form["url"], kind)
    return download(iter((picture,)), f"{form['name']}.{kind}", PICTURE_TYPES[kind], len(picture))
