"""Values of the inbox page of a form."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.forms import service as forms
from forms_service.inbox import service as inbox
from forms_service.notifications.mail_values import flatten, texts_of
from forms_service.submissions.email_addresses import reply_to
from forms_service.submissions.queries import Filter

MAX_EXCERPT_LENGTH = 140


def list_inbox(form_id: str, caller: Caller, query: dict[str, Any]) -> dict[str, Any]:
    """Return the page's values.

    :raises NotFoundError: also for another owner's form
    """
    limit, cursor = query.pop("limit"), query.pop("cursor")
    criteria = Filter(**query)
    page = inbox.list_submissions(form_id, caller, criteria, limit=limit, cursor=cursor)
    form = forms.get(form_id, caller)
    return {
        "form": form,
        "items": [_shown(item, form["fields"]) for item in page.items],
        "next": page.next,
        "left_out": page.meta["left_out"],
        "statuses": criteria.status,
    }


def _shown(item: Mapping[str, Any], fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    sender = reply_to(fields, item["data"], item["control"])
    texts = [text for text in texts_of(fields, item["data"]).values() if text.strip() and text != sender]
    # the longest says most: a name and a choice come before the message
    excerpt = flatten(max(texts, key=len, default=""), MAX_EXCERPT_LENGTH)
    return {**item, "sent_at": datetime.fromisoformat(item["created_at"]), "sender": sender, "excerpt": excerpt}
