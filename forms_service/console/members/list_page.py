"""Values of the page of a form's members."""

from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.forms import service as forms
from forms_service.forms.members import service as members
from forms_service.forms.models import MEMBER_ROLES
from forms_service.web.pagination import MAX_LIMIT

ROLES = {
    "viewer": "reads submissions",
    "editor": "also marks, moves, deletes and exports them",
    "manager": "also changes the form, its recipients, webhooks and members",
}
"""In words."""


def list_page(form_id: str, caller: Caller, cursor: str | None = None) -> dict[str, Any]:
    """Return the page's values."""
    page = members.list_members(form_id, caller, MAX_LIMIT, cursor)
    return {
        "form": forms.get(form_id, caller),
        "members": page.items,
        "owner": page.meta["owner"],
        "next": page.next,
        "roles": ROLES,
        "role_options": [(role, f"{role.capitalize()}: {ROLES[role]}") for role in MEMBER_ROLES],
    }
