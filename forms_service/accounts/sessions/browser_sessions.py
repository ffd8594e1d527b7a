"""Sessions of the console, held by a cookie.

The cookie's token is stored under a keyed hash of its own: it is no refresh token, and a refresh token is no cookie.
"""

import hmac
from typing import Any

from sqlalchemy import delete, select, update

from forms_service.accounts.authentication import USE_INTERVAL, Caller
from forms_service.accounts.devices import Device
from forms_service.accounts.models import Account, RefreshToken, Session
from forms_service.accounts.sessions.service import add_session, expiry, is_alive, start_by_password
from forms_service.config import settings
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.security import derive_subkey, generate_secure_token


def sign_in(email: str, password: str, device: Device, replaced: str | None = None) -> str:
    """Return the token of a new session, and end the one that `replaced` is the token of.

    :raises AuthenticationError: as the API does
    """
    token = generate_secure_token()

    def start(account_id: Any) -> None:
        if replaced:
            old = select(RefreshToken.session_id).where(RefreshToken.hash == _hash(replaced))
            db.session.execute(delete(Session).where(Session.id.in_(old)))
        session = add_session(account_id, device)
        db.session.add(RefreshToken(hash=_hash(token), session_id=session.id))

    start_by_password(email, password, start)
    return token


def find_caller(token: str) -> Caller | None:
    """Return whose session it is, and extend it, at most once in USE_INTERVAL."""
    columns = (Session.id, Session.account_id, Session.created_at, Session.last_used_at, Account.role)
    query = select(*columns).join(RefreshToken).join(Account, Account.id == Session.account_id)
    row = db.session.execute(query.where(RefreshToken.hash == _hash(token), *is_alive())).one_or_none()
    if row is None:
        return None
    if row.last_used_at < now() - USE_INTERVAL:
        _extend(row)
    return Caller(row.account_id, row.role, session_id=row.id)


def _extend(row: Any) -> None:
    values = {"last_used_at": now(), "expires_at": expiry(row.created_at)}
    with write_session():
        db.session.execute(update(Session).where(Session.id == row.id).values(values))
        db.session.commit()


def _hash(token: str) -> bytes:
    key = derive_subkey(settings.secret_key, "forms_service console session")
    return hmac.digest(key, token.encode(), "sha256")
