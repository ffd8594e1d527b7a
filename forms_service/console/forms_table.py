"""Values of the list of forms."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from forms_service.accounts.guards import OWNER_ROLES, Caller
from forms_service.console.rendering import current_preferences
from forms_service.errors import AuthorizationError
from forms_service.forms.access import RANK
from forms_service.inbox import overview
from forms_service.web.pagination import Page

LONG_AGO = datetime.min.replace(tzinfo=UTC)
SORTS: Mapping[str, tuple[Callable[[Mapping[str, Any]], Any], bool]] = {
    "created": (lambda form: form["created_at"], True),
    "name": (lambda form: str(form["name"]).casefold(), False),
    "role": (lambda form: RANK[form["role"]], True),
    "unread": (lambda form: form["unread"], True),
    "spam": (lambda form: form["spam"], True),
    "last": (lambda form: form["last_submission_at"] or LONG_AGO, True),
}
"""Column → its key, and whether the first click sorts downwards."""


def list_visible(caller: Caller, limit: int, cursor: str | None, sort: str, order: str) -> dict[str, Any]:
    """Return the page's values; names are encrypted, so that only the forms of the page are sorted."""
    forms = _list(caller, limit, cursor)
    key, is_downward = SORTS[sort]
    is_reversed = is_downward if order == "" else order == "down"
    return {
        "forms": sorted(forms.items, key=key, reverse=is_reversed),
        "next": forms.next,
        "sort": sort,
        "is_reversed": is_reversed,
        "may_have_forms": caller.role in OWNER_ROLES,
    }


def _list(caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    try:
        return overview.list_forms(caller, limit, cursor, current_preferences().zone)
    except AuthorizationError:  # the page says why
        return Page([], None)
