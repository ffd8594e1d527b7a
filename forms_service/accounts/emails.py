"""Account mails, queued in the caller's transaction.

None contains text typed at sign-up: strangers could send spam in our name.
"""

from typing import Any
from urllib.parse import urlencode

from forms_service.accounts import email_tokens
from forms_service.accounts.email_limits import MAX_PER_CLIENT
from forms_service.accounts.models import Account
from forms_service.config import settings
from forms_service.delivery import outbox
from forms_service.delivery.mail_rendering import LANGUAGE
from forms_service.languages.formats import ENGLISH
from forms_service.security import generate_secure_token
from forms_service.web.languages import current_language


def send_confirmation(account: Account, payload: dict[str, Any] | None = None, limit: int = MAX_PER_CLIENT) -> bool:
    """Return False if rate limited."""
    return _enqueue_link("confirm", account, "confirm", "/signup/confirm", payload=payload, limit=limit)


def send_already_registered(account: Account, limit: int = MAX_PER_CLIENT) -> None:
    _enqueue("already_registered", account, limit=limit, link=_page_url("/forgot"))


def send_reset_link(account: Account, limit: int = MAX_PER_CLIENT) -> None:
    _enqueue_link("reset", account, "reset", "/reset", limit=limit)


def send_password_changed(account: Account) -> None:
    _enqueue("password_changed", account, link=_page_url("/forgot"))


def send_password_reset(account: Account) -> None:
    _enqueue("password_reset", account, link=_page_url("/forgot"))


def send_new_address_link(account: Account, address: str) -> None:
    _enqueue_link("new_address", account, "email", "/new-address", payload={"email": address}, to=address)


def send_address_changing(account: Account) -> None:
    """Notify the old address."""
    _enqueue("address_changing", account, link=_page_url("/forgot"))


def send_address_changed(account: Account, old: str) -> None:
    """Notify both addresses."""
    for to in (old, account.email):
        _enqueue("address_changed", account, to=to)


def send_new_key(account: Account, name: str) -> None:
    _enqueue("new_key", account, name=name, link=_page_url("/forgot"))


def _page_url(path: str) -> str:
    return f"{settings.public_url}{path}"


def _enqueue_link(
    kind: str, account: Account, purpose: str, path: str, *, payload: dict[str, Any] | None = None, **how: Any
) -> bool:
    token = generate_secure_token()
    sent = _enqueue(kind, account, link=token_url(path, token), **how)
    if sent:
        email_tokens.add(token, purpose, account.id, payload)
    return sent


def _enqueue(kind: str, account: Account, *, to: str | None = None, limit: int = MAX_PER_CLIENT, **values: str) -> bool:
    if current_language() != ENGLISH:
        values[LANGUAGE] = current_language()
    return outbox.enqueue_mail(kind, to or account.email, values, about=account.id, max_per_hour=limit) is not None


def token_url(path: str, token: str) -> str:
    return f"{settings.public_url}{path}?{urlencode({'token': token})}"
