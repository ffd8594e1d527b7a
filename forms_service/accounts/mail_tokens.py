"""What a link in a mail proves, once: tokens for one purpose each, of which only a hash is kept."""

import json
import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from forms_service.accounts.identity import token_hash
from forms_service.accounts.models import Account, Token
from forms_service.database import now, rows_changed
from forms_service.errors import Fault, ValidationError
from forms_service.extensions import db
from forms_service.security import generate_secure_token

LIFETIMES = {"confirm": timedelta(hours=24), "reset": timedelta(hours=1), "email": timedelta(hours=24)}
"""How long a token is good for, by its purpose."""


def issue(purpose: str, account_id: uuid.UUID, payload: dict[str, Any] | None = None) -> str:
    """A new token, in the caller's transaction. Older ones stay good: a stranger who asks anew spoils no link."""
    token = generate_secure_token()
    kept = json.dumps(payload) if payload else None
    expires_at = now() + LIFETIMES[purpose]
    db.session.add(
        Token(hash=token_hash(token), purpose=purpose, account_id=account_id, payload=kept, expires_at=expires_at)
    )
    return token


def check(purpose: str, token: str) -> uuid.UUID:
    """Whose token it is, without spending it.

    :raises ValidationError: on `token`, one text for all that is wrong with it
    """
    account_id = db.session.scalar(select(Token.account_id).where(*_good(purpose, token)))
    if account_id is None:
        raise no_good()
    return account_id


def spend(purpose: str, token: str) -> tuple[Account, dict[str, Any]]:
    """Whose token it was, and what was kept with it: of several at once one gets it. In the caller's transaction.

    The account is locked before the token, as everywhere: two that wait for each other would wait for ever.

    :raises ValidationError: on `token`, one text for all that is wrong with it
    """
    account = db.session.scalar(select(Account).where(Account.id == check(purpose, token)).with_for_update())
    payload = db.session.scalar(select(Token.payload).where(*_good(purpose, token)))
    if account is None or not rows_changed(delete(Token).where(*_good(purpose, token))):
        raise no_good()
    return account, json.loads(payload) if payload else {}


def no_good() -> ValidationError:
    """What is said of every token that is not good, whatever the reason."""
    sentence = "This link is not good any more: it was used already, or is too old. Ask for a new one."
    return ValidationError({"token": [Fault(sentence, "invalid_token")]})


def drop(account_id: uuid.UUID, *purposes: str) -> None:
    """Make an account's tokens of those purposes, or all of them, worthless; in the caller's transaction."""
    own = delete(Token).where(Token.account_id == account_id)
    db.session.execute(own.where(Token.purpose.in_(purposes)) if purposes else own)


def _good(purpose: str, token: str) -> tuple[Any, ...]:
    return (Token.hash == token_hash(token), Token.purpose == purpose, Token.expires_at > now())
