"""What a link in a mail proves, once: tokens for one purpose each, of which only a hash is kept."""

import json
import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from forms_service.accounts.authentication import token_hash
from forms_service.accounts.models import Account, Token
from forms_service.database.transactions import rows_changed
from forms_service.database.types import now
from forms_service.errors import FieldError, ValidationError
from forms_service.extensions import db

MAX_TRIES = 5
"""Passwords that may be tried with one token."""

LIFETIMES = {"confirm": timedelta(hours=24), "reset": timedelta(hours=1), "email": timedelta(hours=1)}
"""How long a token is good for, by its purpose."""


def add(token: str, purpose: str, account_id: uuid.UUID, payload: dict[str, Any] | None = None) -> None:
    """Make a token good, in the caller's transaction. Older ones stay good: a stranger who asks spoils no link."""
    serialized = json.dumps(payload) if payload else None
    expires_at = now() + LIFETIMES[purpose]
    db.session.add(
        Token(hash=token_hash(token), purpose=purpose, account_id=account_id, payload=serialized, expires_at=expires_at)
    )


def check(purpose: str, token: str) -> tuple[uuid.UUID, dict[str, Any]]:
    """Whose token it is and what was kept with it, without spending it.

    :raises ValidationError: on `token`, one text for all that is wrong with it
    """
    row = db.session.execute(select(Token.account_id, Token.payload).where(*_valid(purpose, token))).one_or_none()
    if row is None:
        raise invalid_token_error()
    return row.account_id, _parse_payload(row.payload)


def is_valid(purpose: str, token: str) -> bool:
    """Whether the token is good for that purpose now."""
    return db.session.scalar(select(Token.account_id).where(*_valid(purpose, token))) is not None


def count_try(token: str) -> int:
    """Count a wrong password that is about to be ruled out, in the caller's transaction; how many tries are left.

    :raises ValidationError: on `token`, when there were MAX_TRIES before
    """
    if not rows_changed(update(Token).where(*_valid("confirm", token)).values(tries=Token.tries + 1)):
        raise invalid_token_error()
    return MAX_TRIES - (db.session.scalar(select(Token.tries).where(Token.hash == token_hash(token))) or 0)


def find_newest(purpose: str, account_id: uuid.UUID) -> Token | None:
    """The token of that purpose that an account was given last, if it has not expired."""
    own = select(Token).where(Token.account_id == account_id, Token.purpose == purpose, Token.expires_at > now())
    return db.session.scalar(own.order_by(Token.expires_at.desc()).limit(1))


def payload_of(token: Token | None) -> dict[str, Any]:
    """What was kept with a token."""
    return _parse_payload(token.payload if token else None)


def replace_payload(token: Token, payload: dict[str, Any]) -> None:
    """Keep something else with a token, which may be tried anew; in the caller's transaction."""
    token.payload, token.tries = json.dumps(payload), 0


def consume(purpose: str, token: str) -> tuple[Account, dict[str, Any]]:
    """Whose token it was, and what was kept with it: of several at once one gets it. In the caller's transaction.

    The account is locked before the token, as everywhere: two that wait for each other would wait for ever.

    :raises ValidationError: on `token`, one text for all that is wrong with it
    """
    own = _unexpired(purpose, token)  # the last try of several may be the one that is right
    holder = select(Token.account_id).where(*own).scalar_subquery()
    account = db.session.scalar(select(Account).where(Account.id == holder).with_for_update())
    payload = db.session.scalar(select(Token.payload).where(*own))
    if account is None or not rows_changed(delete(Token).where(*own)):
        raise invalid_token_error()
    return account, _parse_payload(payload)


def invalid_token_error() -> ValidationError:
    """What is said of every token that is not good, whatever the reason."""
    sentence = "This link is invalid: it has expired or was already used. Ask for a new one."
    return ValidationError({"token": [FieldError(sentence, "invalid_token")]})


def revoke(account_id: uuid.UUID, *purposes: str) -> None:
    """Make an account's tokens of those purposes, or all of them, worthless; in the caller's transaction."""
    own = delete(Token).where(Token.account_id == account_id)
    db.session.execute(own.where(Token.purpose.in_(purposes)) if purposes else own)


def _valid(purpose: str, token: str) -> tuple[Any, ...]:
    return (*_unexpired(purpose, token), Token.tries < MAX_TRIES)


def _unexpired(purpose: str, token: str) -> tuple[Any, ...]:
    return (Token.hash == token_hash(token), Token.purpose == purpose, Token.expires_at > now())


def _parse_payload(payload: str | None) -> dict[str, Any]:
    return json.loads(payload) if payload else {}
