"""Values of the account's pages."""

from typing import Any

from forms_service.accounts.api_keys import service as keys
from forms_service.accounts.authentication import Caller
from forms_service.accounts.me import data_rights
from forms_service.accounts.me import service as me
from forms_service.accounts.sessions import service as sessions
from forms_service.console.account.event_words import describe
from forms_service.console.account.schemas import SCOPE_WORDS
from forms_service.forms import names
from forms_service.validation.timezones import list_zones
from forms_service.web.pagination import MAX_LIMIT
from forms_service.web.user_agents import describe as describe_browser

UTC = ("UTC", "UTC")


def account_page(caller: Caller, cursor: str | None = None) -> dict[str, Any]:
    """Return profile, time zones and sessions."""
    account = me.get_account(caller)
    page = sessions.list_sessions(caller, MAX_LIMIT, cursor)
    return {
        "account": account,
        "zones": _zone_groups(account.timezone),
        "sessions": [item | {"browser": describe_browser(item["user_agent"])} for item in page.items],
        "next": page.next,
    }


def keys_page(caller: Caller) -> dict[str, Any]:
    """Return the keys, and what a new one may do."""
    return {
        "keys": [_shown_key(key) for key in _own_keys(caller)],
        "max_keys": keys.MAX_KEYS,
        "scopes": [(scope, *words) for scope, words in SCOPE_WORDS.items()],
    }


def events_page(caller: Caller, limit: int, cursor: str | None) -> dict[str, Any]:
    """Return the audit trail in words, with the names of forms and keys that are still there."""
    page = data_rights.list_events(caller, limit, cursor)
    form_ids = {event["details"].get("form_id") for event in page.items} - {None}
    form_names = names.load(form_ids, caller) if form_ids else {}
    key_names = {str(key["id"]): key["name"] for key in _own_keys(caller)}
    return {"events": [_shown_event(event, form_names, key_names) for event in page.items], "next": page.next}


def deletion_page(caller: Caller) -> dict[str, Any]:
    """Return whose account it is, and how many forms go with it."""
    return {"account": me.get_account(caller), "forms": names.count_owned(caller.account_id)}


def _own_keys(caller: Caller) -> list[dict[str, Any]]:
    return list(keys.list_keys(caller, MAX_LIMIT, None).items)


def _shown_key(key: dict[str, Any]) -> dict[str, Any]:
    return key | {"words": [SCOPE_WORDS[scope][0] for scope in key["scopes"]]}


def _shown_event(event: dict[str, Any], form_names: dict[str, str], key_names: dict[str, str]) -> dict[str, Any]:
    details = event["details"]
    form_id = details.get("form_id")
    return {
        "at": event["at"],
        "client": event["client"],
        "text": describe(event["name"], details),
        "form_id": form_id if form_id in form_names else None,
        "form_name": form_names.get(form_id),
        "key_name": key_names.get(details.get("key")),
    }


def _zone_groups(current: str) -> list[tuple[str, list[tuple[str, str]]]]:
    groups = [
        (region, [(name, name.partition("/")[2].replace("_", " ").replace("/", ", ")) for name in zone_names])
        for region, zone_names in list_zones().items()
    ]
    is_listed = current == UTC[0] or any(current == name for _, options in groups for name, _ in options)
    return [("Universal", [UTC] if is_listed else [UTC, (current, current)]), *groups]
