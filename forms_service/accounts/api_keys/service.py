"""The use cases of API keys."""

import uuid
from typing import Any

from sqlalchemy import delete, func, select

from forms_service.accounts import access_tokens, audit, emails
from forms_service.accounts.authentication import KEY_PREFIX, Caller, identified, token_hash
from forms_service.accounts.models import Account, ApiKey
from forms_service.accounts.password_hashing import demand_current
from forms_service.accounts.service import by_id
from forms_service.database.transactions import rows_changed, write_session
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.errors import AuthenticationError, AuthorizationError, NotFoundError
from forms_service.extensions import db
from forms_service.security import generate_secure_token
from forms_service.web.pagination import Page, decode_cursor, paginate

MAX_KEYS = 25
"""API keys of one account."""

FULL = f"An account can have at most {MAX_KEYS} API keys. Revoke one that is no longer used."


def make(caller: Caller, password: str, name: str, scopes: list[str]) -> dict[str, Any]:
    """A new key, shown this once; its holder is told by mail.

    :raises ValidationError: on `password`, when it is not the current one
    :raises AuthorizationError: when the account has MAX_KEYS
    """
    kept = demand_current(caller.account_id, password)
    key = KEY_PREFIX + generate_secure_token()
    with write_session():
        account = by_id(caller.account_id)
        if account is None or (account.status, account.password_hash) != ("active", kept):
            raise AuthenticationError()
        count = db.session.scalar(select(func.count()).select_from(ApiKey).where(ApiKey.account_id == account.id)) or 0
        if count >= MAX_KEYS:
            raise AuthorizationError(FULL, details={"quota": "keys", "limit": MAX_KEYS})
        made = ApiKey(account_id=account.id, name=name, scopes=" ".join(scopes), hash=token_hash(key))
        db.session.add(made)
        db.session.flush()
        emails.new_key(account, name)
        audit.record("key_created", account_id=account.id, details={"key": str(made.id), "scopes": scopes})
        shown = as_dict(made)
        db.session.commit()
    return shown | {"key": key}


def keys_of(caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """The account's keys, the newest first."""
    query = select(ApiKey).where(ApiKey.account_id == caller.account_id)
    position = decode_cursor(cursor, uuid.UUID)
    if position:
        query = query.where(ApiKey.id < position[0])
    found = db.session.scalars(query.order_by(ApiKey.id.desc()).limit(limit + 1)).all()
    page = paginate(found, limit, lambda key: (key.id,))
    return Page([as_dict(key) for key in page.items], page.next)


def take_back(key_id: uuid.UUID, caller: Caller) -> None:
    """Make one of the account's keys worthless.

    :raises NotFoundError: where there is none, or it is another's
    """
    with write_session():
        own = delete(ApiKey).where(ApiKey.id == key_id, ApiKey.account_id == caller.account_id)
        if not rows_changed(own):
            raise NotFoundError()
        audit.record("key_deleted", account_id=caller.account_id, details={"key": str(key_id)})
        db.session.commit()


def introspect(token: str, token_type_hint: str | None = None) -> dict[str, Any]:
    """What an access token is good for now, in the words of RFC 7662."""
    claims = access_tokens.read(token)
    found = identified(token) if claims else None
    email = db.session.scalar(select(Account.email).where(Account.id == found.account_id)) if found else None
    if claims is None or found is None or email is None:
        return {"active": False}
    return {
        "active": True,
        "token_type": "Bearer",
        "sub": found.account_id,
        "username": email,
        "role": found.role,
        "iss": access_tokens.ISSUER,
        "iat": claims.issued_at,
        "exp": claims.expires_at,
    }


def as_dict(key: ApiKey) -> dict[str, Any]:
    """What its holder is shown of a key."""
    names = ("id", "name", "created_at", "last_used_at")
    shown = {name: getattr(key, name) for name in names}
    return shown | {"scopes": key.scopes.split()} | unreadable_flag(key.name)
