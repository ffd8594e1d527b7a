"""Values of the export page."""

from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.console.inbox.list_page import LABELS, folder_values, shown_count
from forms_service.console.inbox.schemas import Listing
from forms_service.forms import access
from forms_service.forms import service as forms
from forms_service.inbox import bulk

FORMATS = (
    ("csv", "CSV, for any spreadsheet"),
    ("xlsx", "XLSX, for Excel, with numbers and dates as such"),
    ("jsonl", "JSON Lines, for programs"),
)


def export_values(form_id: str, caller: Caller, listing: Listing) -> dict[str, Any]:
    """Return the values of the page.

    :raises AuthorizationError: for a role that may not export
    """
    values = folder_values(forms.get(form_id, caller, access.EDITOR), caller, listing)
    return values | {
        "count": bulk.count_matching(form_id, caller, listing.criteria),
        "statuses": [(status, label, shown_count(values["counts"][status])) for status, label in LABELS.items()],
        "chosen": listing.criteria.status,
        "formats": FORMATS,
    }
