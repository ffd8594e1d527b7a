"""Who is asking: the guards that views declare, and the caller that they let in."""

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast

from flask import g, request
from sqlalchemy import select

from forms_service.accounts.models import Account, ApiKey
from forms_service.errors import AuthenticationError, AuthorizationError
from forms_service.extensions import db
from forms_service.web.access import guarded

OWNERS = ("owner", "operator")
"""The roles that may have forms."""


@dataclass(frozen=True)
class Caller:
    """An account that is asking, through a session or through one of its API keys."""

    account_id: uuid.UUID
    role: str
    session_id: uuid.UUID | None = None
    key_id: uuid.UUID | None = None
    scopes: frozenset[str] | None = None
    """What the API key may do; None for a session, which may do all that its role may."""


def caller() -> Caller:
    """Who is asking; only inside a guarded view."""
    return cast("Caller", g.caller)


def for_owners(scope: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Only for who may have forms: by a session, or by an API key with that scope."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            g.caller = found = _identified()
            if found.role not in OWNERS:
                raise AuthorizationError("Your account may not have forms: ask the operator for the role of an owner.")
            if found.scopes is not None and scope not in found.scopes:
                raise AuthorizationError(f"This API key has not the scope {scope}.")
            return view(*args, **kwargs)

        return guarded(f"owner {scope}")(wrapper)

    return decorate


def token_hash(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()


def _identified() -> Caller:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise AuthenticationError()
    found = db.session.execute(
        select(ApiKey.id, ApiKey.scopes, Account.id, Account.role)
        .join(Account, Account.id == ApiKey.account_id)
        .where(ApiKey.hash == token_hash(credentials.strip()), Account.status == "active")
    ).one_or_none()
    if found is None:
        raise AuthenticationError()
    key_id, scopes, account_id, role = found
    return Caller(account_id, role, key_id=key_id, scopes=frozenset(scopes.split()))
