"""API key use cases."""

import uuid
from typing import Any

from sqlalchemy import delete, func, select

from forms_service.accounts import access_tokens, audit, emails
from forms_service.accounts.authentication import KEY_PREFIX, Caller, authenticate, token_hash
from forms_service.accounts.models import Account, ApiKey
from forms_service.accounts.password_hashing import require_current_password
from forms_service.accounts.service import lock_by_id
from forms_service.database.transactions import rows_changed, write_session
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.errors import AuthenticationError, AuthorizationError, NotFoundError
from forms_service.extensions import db
from forms_service.security import generate_secure_token
from forms_service.web.pagination import Page, decode_cursor, paginate

MAX_KEYS = 25
"""Per account."""

TOO_MANY_KEYS = f"An account can have at most {MAX_KEYS} API keys. Revoke one that is no longer used."


def create(caller: Caller, password: str, name: str, scopes: list[str]) -> dict[str, Any]:
    """Create a key and mail the account; only this response holds the key.

    :raises AuthorizationError: beyond MAX_KEYS
    """
    password_hash = require_current_password(caller.account_id, password)
    key = KEY_PREFIX + generate_secure_token()
    with write_session():
        account = lock_by_id(caller.account_id)
        if account is None or (account.status, account.password_hash) != ("active", password_hash):
            raise AuthenticationError()
        count = db.session.scalar(select(func.count()).select_from(ApiKey).where(ApiKey.account_id == account.id)) or 0
        if count >= MAX_KEYS:
            raise AuthorizationError(TOO_MANY_KEYS, details={"quota": "keys", "limit": MAX_KEYS})
        api_key = ApiKey(account_id=account.id, name=name, scopes=" ".join(scopes), hash=token_hash(key))
        db.session.add(api_key)
        db.session.flush()
        emails.send_new_key(account, name)
        audit.record("key_created", account_id=account.id, details={"key": str(api_key.id), "scopes": scopes})
        data = as_dict(api_key)
        db.session.commit()
    return data | {"key": key}


def list_keys(caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    query = select(ApiKey).where(ApiKey.account_id == caller.account_id)
    position = decode_cursor(cursor, uuid.UUID)
    if position:
        query = query.where(ApiKey.id < position[0])
    rows = db.session.scalars(query.order_by(ApiKey.id.desc()).limit(limit + 1)).all()
    page = paginate(rows, limit, lambda key: (key.id,))
    return Page([as_dict(key) for key in page.items], page.next)


def revoke(key_id: uuid.UUID, caller: Caller) -> None:
    with write_session():
        own = delete(ApiKey).where(ApiKey.id == key_id, ApiKey.account_id == caller.account_id)
        if not rows_changed(own):
            raise NotFoundError()
        audit.record("key_deleted", account_id=caller.account_id, details={"key": str(key_id)})
        db.session.commit()


def introspect(token: str, token_type_hint: str | None = None) -> dict[str, Any]:
    claims = access_tokens.decode(token)
    caller = authenticate(token) if claims else None
    email = db.session.scalar(select(Account.email).where(Account.id == caller.account_id)) if caller else None
    if claims is None or caller is None or email is None:
        return {"active": False}
    return {
        "active": True,
        "token_type": "Bearer",
        "sub": caller.account_id,
        "username": email,
        "role": caller.role,
        "iss": access_tokens.ISSUER,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
    }


def as_dict(key: ApiKey) -> dict[str, Any]:
    """Return the key without its secret."""
    names = ("id", "name", "created_at", "last_used_at")
    data = {name: getattr(key, name) for name in names}
    return data | {"scopes": key.scopes.split()} | unreadable_flag(key.name)
