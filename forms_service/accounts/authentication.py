"""Bearer authentication by access token or API key."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import or_, select, update

from forms_service.accounts import access_tokens, audit
from forms_service.accounts.models import Account, ApiKey, Session
from forms_service.database.transactions import rows_changed, write_session
from forms_service.database.types import now
from forms_service.errors import AuthorizationError
from forms_service.extensions import db

KEY_PREFIX = "fs_"
"""For people and secret scanners."""

USE_INTERVAL = timedelta(hours=1)
"""Minimum between records of use."""


@dataclass(frozen=True)
class Caller:
    account_id: uuid.UUID
    role: str
    session_id: uuid.UUID | None = None
    key_id: uuid.UUID | None = None
    scopes: frozenset[str] | None = None
    """None for a session."""

    def may(self, scope: str) -> bool:
        return self.scopes is None or scope in self.scopes

    def require_scope(self, scope: str) -> None:
        if not self.may(scope):
            raise AuthorizationError(f"This API key lacks the scope {scope}.")


def token_hash(token: str) -> bytes:
    """SHA-256, as stored."""
    return hashlib.sha256(token.encode()).digest()


def authenticate(token: str) -> Caller | None:
    """Resolve a bearer token; uncached, so that revocation is immediate."""
    return _find_by_key(token) if token.startswith(KEY_PREFIX) else _find_by_session(token)


def _find_by_session(token: str) -> Caller | None:
    claims = access_tokens.decode(token)
    if claims is None:
        return None
    role = db.session.scalar(
        select(Account.role)
        .join(Session, Session.account_id == Account.id)
        .where(Session.id == claims.session_id, Session.expires_at > now())
        .where(Account.id == claims.account_id, Account.status == "active")
    )
    return None if role is None else Caller(claims.account_id, role, session_id=claims.session_id)


def _find_by_key(key: str) -> Caller | None:
    row = db.session.execute(
        select(ApiKey.id, ApiKey.scopes, ApiKey.last_used_at, Account.id, Account.role)
        .join(Account, Account.id == ApiKey.account_id)
        .where(ApiKey.hash == token_hash(key), Account.status == "active")
    ).one_or_none()
    if row is None:
        return None
    key_id, scopes, last_used_at, account_id, role = row
    if last_used_at is None or last_used_at < now() - USE_INTERVAL:
        _record_use(key_id, account_id)
    return Caller(account_id, role, key_id=key_id, scopes=frozenset(scopes.split()))


def _record_use(key_id: uuid.UUID, account_id: uuid.UUID) -> None:
    # repeated in the UPDATE: of concurrent requests, one records the use
    due = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now() - USE_INTERVAL)
    with write_session():
        if rows_changed(update(ApiKey).where(ApiKey.id == key_id, due).values(last_used_at=now())):
            audit.record("key_used", account_id=account_id, details={"key": str(key_id)})
        db.session.commit()
