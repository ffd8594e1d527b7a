"""Values of the page of a form's deliveries."""

from collections.abc import Mapping
from typing import Any

from forms_service.accounts.guards import Caller
from forms_service.console.delivery_words import OUTCOMES, TO_PEOPLE, describe, name_of
from forms_service.delivery.models import CHANNELS, STATES
from forms_service.forms import access
from forms_service.forms import service as forms
from forms_service.notifications.deliveries import service as deliveries
from forms_service.notifications.recipients import service as recipients
from forms_service.web.pagination import MAX_LIMIT
from forms_service.webhooks.management import service as webhooks

FILTERS = {
    "state": dict(zip(STATES, ("Waiting", "Delivered", "Failed", "Not sent"), strict=True)),
    "channel": dict(zip(CHANNELS, ("Mails", "Webhooks"), strict=True)),
}
"""Values of a filter, in words."""


def list_deliveries(form_id: str, caller: Caller, query: Mapping[str, Any]) -> dict[str, Any]:
    """Return the page's values.

    :raises AuthorizationError: for a role below manager
    """
    form = forms.get(form_id, caller, access.MANAGER)
    filters = {name: query[name] for name in FILTERS if query.get(name)}
    page = deliveries.list_deliveries(form_id, caller, filters, limit=query["limit"], cursor=query["cursor"])
    targets = _targets(form, caller)
    return {
        "form": form,
        "deliveries": [{**describe(item), "target": _target(item, targets)} for item in page.items],
        "next": page.next,
        "filters": filters,
        "choices": FILTERS,
        "cursor": query["cursor"],
        "outcomes": OUTCOMES,
    }


def _targets(form: Mapping[str, Any], caller: Caller) -> dict[Any, dict[str, Any]]:
    of_mails = recipients.list_recipients(form["id"], caller, MAX_LIMIT, None).items
    of_form = webhooks.list_webhooks(form["id"], caller, MAX_LIMIT, None).items
    of_all = webhooks.list_of_account(caller) if form["owner_id"] == caller.account_id else []
    return {
        **{item["id"]: {"name": item["email"]} for item in of_mails},
        **{item["id"]: {"name": name_of(item), "webhook": item} for item in (*of_form, *of_all)},
    }


def _target(item: Mapping[str, Any], targets: Mapping[Any, dict[str, Any]]) -> dict[str, Any]:
    if item["channel"] == "webhook":
        return targets.get(item["webhook_id"], {"name": "a webhook of all the owner's forms"})
    missing = "the owner" if item["kind"] == "submission" and item["recipient_id"] is None else "a removed recipient"
    to_person = "the person who submitted" if item["kind"] in TO_PEOPLE else missing
    return targets.get(item["recipient_id"], {"name": to_person})
