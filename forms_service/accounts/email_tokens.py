"""Single-use tokens in mail links, stored as hashes; writes join the caller's transaction."""

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
from forms_service.languages.sentences import N_

MAX_TRIES = 5
"""Wrong passwords per token."""

LIFETIMES = {"confirm": timedelta(hours=24), "reset": timedelta(hours=1), "email": timedelta(hours=1)}


def add(token: str, purpose: str, account_id: uuid.UUID, payload: dict[str, Any] | None = None) -> None:
    """Store a token; older ones stay valid: strangers cannot invalidate links."""
    serialized = json.dumps(payload) if payload else None
    expires_at = now() + LIFETIMES[purpose]
    db.session.add(
        Token(hash=token_hash(token), purpose=purpose, account_id=account_id, payload=serialized, expires_at=expires_at)
    )


def check(purpose: str, token: str) -> tuple[uuid.UUID, dict[str, Any]]:
    """Return account id and payload, without consuming it.

    :raises ValidationError: if invalid
    """
    row = db.session.execute(select(Token.account_id, Token.payload).where(*_valid(purpose, token))).one_or_none()
    if row is None:
        raise invalid_token_error()
    return row.account_id, _parse_payload(row.payload)


def is_valid(purpose: str, token: str) -> bool:
    return db.session.scalar(select(Token.account_id).where(*_valid(purpose, token))) is not None


def count_try(token: str) -> int:
    """Return the tries left.

    :raises ValidationError: after MAX_TRIES
    """
    if not rows_changed(update(Token).where(*_valid("confirm", token)).values(tries=Token.tries + 1)):
        raise invalid_token_error()
    return MAX_TRIES - (db.session.scalar(select(Token.tries).where(Token.hash == token_hash(token))) or 0)


def find_newest(purpose: str, account_id: uuid.UUID) -> Token | None:
    own = select(Token).where(Token.account_id == account_id, Token.purpose == purpose, Token.expires_at > now())
    return db.session.scalar(own.order_by(Token.expires_at.desc()).limit(1))


def payload_of(token: Token | None) -> dict[str, Any]:
    return _parse_payload(token.payload if token else None)


def replace_payload(token: Token, payload: dict[str, Any]) -> None:
    """Replace the payload and reset tries."""
    token.payload, token.tries = json.dumps(payload), 0


def consume(purpose: str, token: str) -> tuple[Account, dict[str, Any]]:
    """Consume it; of concurrent requests one succeeds.

    :raises ValidationError: if invalid
    """
    own = _unexpired(purpose, token)  # not limited by tries: the last allowed one may succeed
    holder = select(Token.account_id).where(*own).scalar_subquery()
    # account locked before token, as everywhere: no deadlocks
    account = db.session.scalar(select(Account).where(Account.id == holder).with_for_update())
    payload = db.session.scalar(select(Token.payload).where(*own))
    if account is None or not rows_changed(delete(Token).where(*own)):
        raise invalid_token_error()
    return account, _parse_payload(payload)


def invalid_token_error() -> ValidationError:
    sentence = N_("This link is invalid: it has expired or was already used. Ask for a new one.")
    return ValidationError({"token": [FieldError(sentence, "invalid_token")]})


def revoke(account_id: uuid.UUID, *purposes: str) -> None:
    """Delete an account's tokens (default: all purposes)."""
    own = delete(Token).where(Token.account_id == account_id)
    db.session.execute(own.where(Token.purpose.in_(purposes)) if purposes else own)


def _valid(purpose: str, token: str) -> tuple[Any, ...]:
    return (*_unexpired(purpose, token), Token.tries < MAX_TRIES)


def _unexpired(purpose: str, token: str) -> tuple[Any, ...]:
    return (Token.hash == token_hash(token), Token.purpose == purpose, Token.expires_at > now())


def _parse_payload(payload: str | None) -> dict[str, Any]:
    return json.loads(payload) if payload else {}
