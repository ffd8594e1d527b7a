"""Values of the page of what one person sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from forms_service.accounts.authentication import Caller
from forms_service.forms import names
from forms_service.notifications.mail_values import flatten, texts_of
from forms_service.privacy import service as privacy
from forms_service.web.pagination import DEFAULT_LIMIT

MAX_EXCERPT_LENGTH = 140


def person_page(caller: Caller, email: str, cursor: str | None) -> dict[str, Any]:
    """Return what an address sent, and how much it is in all."""
    page = privacy.find(caller, email, limit=DEFAULT_LIMIT, cursor=cursor)
    form_names = names.load({item["form_id"] for item in page.items}, caller)
    return {
        "email": email,
        "count": privacy.count(caller, email),
        "items": [_shown(item, form_names, email) for item in page.items],
        "next": page.next,
        "is_continued": cursor is not None,
    }


def _shown(item: Mapping[str, Any], form_names: Mapping[str, str], email: str) -> dict[str, Any]:
    # the longest says most: a name and a choice come before the message
    texts = [text for text in texts_of((), item["data"]).values() if text.casefold() != email.casefold()]
    excerpt = flatten(max(texts, key=len, default=""), MAX_EXCERPT_LENGTH)
    sent_at = datetime.fromisoformat(item["created_at"])
    return {**item, "form_name": form_names.get(item["form_id"]), "sent_at": sent_at, "excerpt": excerpt}
