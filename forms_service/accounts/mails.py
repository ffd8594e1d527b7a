"""The mails that accounts get, each put into the outbox in the caller's transaction.

Nothing that was typed at sign-up is in them: a stranger would send their own words, and links, in our name.
"""

from typing import Any

from forms_service.accounts import mail_tokens
from forms_service.accounts.models import Account
from forms_service.config import settings
from forms_service.delivery import outbox
from forms_service.web.links import link

MOST_PER_HOUR = 3
"""Mails of a kind to one address: nobody can flood a stranger's letter box through us."""


def confirm(account: Account, payload: dict[str, Any] | None = None) -> None:
    """The link that confirms the address, for this sign-up (`payload`) or the first."""
    token = mail_tokens.issue("confirm", account.id, payload)
    _put("confirm", account, link=link("/signup/confirm", token))


def already_registered(account: Account) -> None:
    """That somebody signed up with the address again."""
    _put("already_registered", account, link=_page("/forgot"))


def reset(account: Account) -> None:
    """The link to choose a new password by."""
    _put("reset", account, link=link("/reset", mail_tokens.issue("reset", account.id)))


def password_changed(account: Account) -> None:
    """That the password is another."""
    _put("password_changed", account, link=_page("/forgot"))


def new_address(account: Account, address: str) -> None:
    """The link that confirms a new address, sent there; and a word to the old one."""
    token = mail_tokens.issue("email", account.id, {"email": address})
    _put("new_address", account, to=address, link=link("/new-address", token))
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


def _put(kind: str, account: Account, *, to: str | None = None, **values: str) -> None:
    outbox.put_mail(kind, to or account.email, values, about=account.id, most_per_hour=MOST_PER_HOUR)
