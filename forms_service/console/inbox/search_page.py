"""Values of the search page."""

from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.console.inbox.list_page import folder_values
from forms_service.console.inbox.schemas import Listing
from forms_service.forms import service as forms
from forms_service.inbox import search


def empty_values(form_id: str, caller: Caller, listing: Listing) -> dict[str, Any]:
    """Return the values of the page before a search."""
    return folder_values(forms.get(form_id, caller), caller, listing) | {"rows": None, "next": None, "q": ""}


def search_values(form_id: str, caller: Caller, listing: Listing, body: dict[str, Any]) -> dict[str, Any]:
    """Return the matches so far."""
    cursor = body.get("cursor") or None
    page = search.search(form_id, caller, listing.criteria, body["q"], limit=listing.limit, cursor=cursor)
    values = folder_values(forms.get(form_id, caller), caller, listing)
    return values | {"rows": page.items, "next": page.next, "q": body["q"], "continued": bool(cursor)}
