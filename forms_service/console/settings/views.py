"""Pages of a form's settings and of its deletion."""

from typing import Any

from flask import Blueprint, Response

from forms_service.accounts.guards import caller
from forms_service.console.arguments import form_arguments
from forms_service.console.guards import require_sign_in
from forms_service.console.rendering import current_preferences, redisplay, render, see
from forms_service.console.settings.conversion import by_control, to_changes, to_texts
from forms_service.console.settings.schemas import SettingsForm
from forms_service.forms import service as forms
from forms_service.forms.access import MANAGER, OWNER
from forms_service.inbox import service as inbox
from forms_service.rate_limiting.limits import rate_limit

settings_pages = Blueprint("console_settings", __name__)


def show_page(form_id: str) -> Response:
    """Render the page; its controls are named as their settings."""
    form, preferences = forms.get(form_id, caller(), MANAGER), current_preferences()
    texts = to_texts(form, preferences.zone)
    zone = preferences.timezone
    return render("console/settings/page.html", form=form, current=texts, by_control=by_control, zone=zone)


@settings_pages.get("/console/forms/<form_id>/settings")
@require_sign_in
@rate_limit("console")
def show(form_id: str) -> Response:
    """Show the settings."""
    return show_page(form_id)


@settings_pages.post("/console/forms/<form_id>/settings")
@require_sign_in
@rate_limit("console")
@redisplay(show_page)
@form_arguments(SettingsForm())
def save(body: dict[str, Any], form_id: str) -> Any:
    """Save the settings."""
    forms.change(form_id, caller(), to_changes(body, current_preferences().zone))
    return see("console_settings.show", "saved", form_id=form_id)


@settings_pages.get("/console/forms/<form_id>/delete")
@require_sign_in
@rate_limit("console")
def ask_to_delete(form_id: str) -> Response:
    """Ask before the form is deleted, saying how much goes with it."""
    form, count = forms.get(form_id, caller(), OWNER), inbox.count_all(form_id, caller(), OWNER)
    return render("console/settings/delete.html", form=form, count=count)


@settings_pages.post("/console/forms/<form_id>/delete")
@require_sign_in
@rate_limit("console")
def delete(form_id: str) -> Any:
    """Delete the form; a large one is erased in the background."""
    is_done = forms.delete(form_id, caller())
    return see("console.list_forms", "form_erased" if is_done else "form_erasing")
