"""The mails that accounts get, each put into the outbox in the caller's transaction.

Nothing that was typed at sign-up is in them: a stranger would send their own words, and links, in our name.
"""

from typing import Any
from urllib.parse import urlencode

from forms_service.accounts import email_tokens
from forms_service.accounts.email_limits import PER_CLIENT
from forms_service.accounts.models import Account
from forms_service.config import settings
from forms_service.delivery import outbox
from forms_service.security import generate_secure_token


def confirm(account: Account, payload: dict[str, Any] | None = None, limit: int = PER_CLIENT) -> bool:
    """The link that confirms the address, for this sign-up (`payload`) or the first; False where the limit is hit."""
    return _put_link("confirm", account, "confirm", "/signup/confirm", payload=payload, limit=limit)


def already_registered(account: Account, limit: int = PER_CLIENT) -> None:
    """That somebody signed up with the address again."""
    _put("already_registered", account, limit=limit, link=_page("/forgot"))


def reset(account: Account, limit: int = PER_CLIENT) -> None:
    """The link to choose a new password by."""
    _put_link("reset", account, "reset", "/reset", limit=limit)


def password_changed(account: Account) -> None:
    """That the password is another."""
    _put("password_changed", account, link=_page("/forgot"))


def password_reset(account: Account) -> None:
    """That the password is another, by a link, and API keys have ended as well."""
    _put("password_reset", account, link=_page("/forgot"))


def new_address(account: Account, address: str) -> None:
    """The link that confirms a new address, sent there."""
    _put_link("new_address", account, "email", "/new-address", payload={"email": address}, to=address)


def address_changing(account: Account) -> None:
    """To the old address: that somebody wants a new one."""
    _put("address_changing", account, link=_page("/forgot"))


def address_changed(account: Account, old: str) -> None:
    """To both addresses: that the account has the new one."""
    for to in (old, account.email):
        _put("address_changed", account, to=to)


def new_key(account: Account, name: str) -> None:
    """That there is a new API key."""
    _put("new_key", account, name=name, link=_page("/forgot"))


def _page(path: str) -> str:
    return f"{settings.public_url}{path}"


def _put_link(
    kind: str, account: Account, purpose: str, path: str, *, payload: dict[str, Any] | None = None, **how: Any
) -> bool:
    """A mail with a token, which is good for nothing where the mail may not be sent."""
    token = generate_secure_token()
    sent = _put(kind, account, link=link(path, token), **how)
    if sent:
        email_tokens.add(token, purpose, account.id, payload)
    return sent


def _put(kind: str, account: Account, *, to: str | None = None, limit: int = PER_CLIENT, **values: str) -> bool:
    return outbox.enqueue_mail(kind, to or account.email, values, about=account.id, max_per_hour=limit) is not None


def link(path: str, token: str) -> str:
    """The address of a page of ours, such as "/confirm", with a token that is good for one thing."""
    return f"{settings.public_url}{path}?{urlencode({'token': token})}"
