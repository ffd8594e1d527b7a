"""Session use cases."""

import hmac
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, delete, select

from forms_service.accounts import access_tokens, audit
from forms_service.accounts.authentication import Caller, token_hash
from forms_service.accounts.devices import Device, remember_device
from forms_service.accounts.models import SESSION_LIFETIME, Account, ApiKey, RefreshToken, Session
from forms_service.accounts.password_hashing import check_password, hash_password, needs_rehash
from forms_service.accounts.service import email_index
from forms_service.config import settings
from forms_service.database.transactions import rows_changed, write_session
from forms_service.database.types import now
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.errors import AuthenticationError, AuthorizationError, ConflictError, NotFoundError
from forms_service.extensions import db
from forms_service.languages.sentences import N_
from forms_service.metrics import SIGN_INS
from forms_service.security import derive_subkey, generate_secure_token
from forms_service.signals import session_starting
from forms_service.web.pagination import Page, decode_cursor, paginate

REUSE_GRACE = timedelta(seconds=10)
"""For parallel tabs and lost responses."""

WRONG_CREDENTIALS = N_(
    "Wrong e-mail address or password. If you have not confirmed your address yet, open the link in the "
    "confirmation mail, or request it again."
)
SESSION_ENDED = "This session has ended. Sign in again."
ACCOUNT_DISABLED = N_("This account is disabled. Ask the operator.")

T = TypeVar("T")


@dataclass(frozen=True)
class Tokens:
    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 (the scheme's name)


def sign_in(email: str, password: str, device: Device) -> Tokens:
    """Start a session of the API."""
    return start_by_password(email, password, lambda account_id: start_session(account_id, device))


def start_by_password(email: str, password: str, start: Callable[[uuid.UUID], T]) -> T:
    """Start a session by `start`; wrong credentials get one response after the same work.

    So do pending accounts, to hide that the address was free at sign-up.

    :raises ConflictError: if the password changes meanwhile
    """
    query = select(Account.id, Account.password_hash, Account.status)
    row = db.session.execute(query.where(Account.email_index == email_index(email))).one_or_none()
    is_match = check_password(password, row.password_hash if row else None)
    if row is None or not is_match or row.status == "pending":
        _record_failure(row.id if row else None)
        raise AuthenticationError(WRONG_CREDENTIALS)
    if row.status == "disabled":
        raise AuthorizationError(ACCOUNT_DISABLED, details={"reason": "AccountDisabled"})
    new_hash = hash_password(password) if needs_rehash(row.password_hash) else row.password_hash
    with write_session():
        account = db.session.scalar(select(Account).where(Account.id == row.id).with_for_update())
        if account is None or (account.password_hash, account.status) != (row.password_hash, row.status):
            raise ConflictError(N_("This account was changed at the same time. Try again."))
        account.password_hash = new_hash
        result = start(account.id)
        db.session.commit()
    SIGN_INS.labels("succeeded").inc()
    audit.log("signed_in", account=row.id)
    return result


def start_session(account_id: uuid.UUID, device: Device) -> Tokens:
    """Start a session, in the caller's transaction."""
    return _issue_tokens(add_session(account_id, device), generate_secure_token())


def add_session(account_id: uuid.UUID, device: Device) -> Session:
    """Add a session without a token, in the caller's transaction."""
    session = Session(account_id=account_id, client=device.client, user_agent=device.user_agent, created_at=now())
    session.last_used_at = session.created_at
    session.expires_at = expiry(session.created_at)
    db.session.add(session)
    db.session.flush()
    remember_device(account_id, device)
    audit.record("signed_in", account_id=account_id, details={"session": str(session.id)})
    session_starting.send(account_id=account_id)
    return session


def expiry(created_at: datetime) -> datetime:
    """Return when a session ends that is used now."""
    return min(now() + SESSION_LIFETIME, created_at + _max_age())


def is_alive() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on a session and its account."""
    return Session.expires_at > now(), Session.created_at > now() - _max_age(), Account.status == "active"


def refresh(refresh_token: str) -> Tokens:
    """Rotate a session's tokens; reuse after REUSE_GRACE ends the session.

    Until then it yields the same successor: one chain per session.
    """
    key = token_hash(refresh_token)
    query = select(Session).join(RefreshToken).join(Account).where(RefreshToken.hash == key)
    with write_session():
        session = db.session.scalar(query.where(*is_alive()).with_for_update(of=Session))
        token = db.session.get(RefreshToken, key)  # read under the lock: another request may just have used it
        if session is None or token is None:
            raise AuthenticationError(SESSION_ENDED)
        if token.used_at and token.used_at < now() - REUSE_GRACE:
            _revoke_reused(session)
            raise AuthenticationError(SESSION_ENDED)
        token.used_at = token.used_at or now()
        tokens = _issue_tokens(session, _successor(refresh_token))
        db.session.commit()
    return tokens


def sign_out(caller: Caller) -> None:
    with write_session():
        db.session.execute(delete(Session).where(Session.id == caller.session_id))
        audit.record("signed_out", account_id=caller.account_id, details={"session": str(caller.session_id)})
        db.session.commit()


def list_sessions(caller: Caller, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    query = select(Session).where(Session.account_id == caller.account_id, Session.expires_at > now())
    position = decode_cursor(cursor, uuid.UUID)
    if position:
        query = query.where(Session.id < position[0])
    rows: Sequence[Session] = db.session.scalars(query.order_by(Session.id.desc()).limit(limit + 1)).all()
    page = paginate(rows, limit, lambda session: (session.id,))
    return Page([as_dict(session) | {"current": session.id == caller.session_id} for session in page.items], page.next)


def end_session(session_id: uuid.UUID, caller: Caller) -> None:
    with write_session():
        own = delete(Session).where(Session.id == session_id, Session.account_id == caller.account_id)
        if not rows_changed(own):
            raise NotFoundError()
        audit.record("session_ended", account_id=caller.account_id, details={"session": str(session_id)})
        db.session.commit()


def sign_out_everywhere(caller: Caller) -> None:
    with write_session():
        end_sessions(caller.account_id)
        audit.record("signed_out_everywhere", account_id=caller.account_id)
        db.session.commit()


def end_other_sessions(caller: Caller) -> None:
    """End all but the caller's."""
    with write_session():
        end_sessions(caller.account_id, but=caller.session_id)
        audit.record("other_sessions_ended", account_id=caller.account_id)
        db.session.commit()


def end_sessions(account_id: uuid.UUID, *, but: uuid.UUID | None = None) -> None:
    """End an account's sessions, in the caller's transaction."""
    own = delete(Session).where(Session.account_id == account_id)
    db.session.execute(own.where(Session.id != but) if but else own)


def end_access(account_id: uuid.UUID) -> None:
    """End all sessions and API keys, in the caller's transaction."""
    end_sessions(account_id)
    db.session.execute(delete(ApiKey).where(ApiKey.account_id == account_id))


def _issue_tokens(session: Session, refresh_token: str) -> Tokens:
    session.last_used_at = now()
    session.expires_at = expiry(session.created_at)
    db.session.flush()
    key = token_hash(refresh_token)
    if db.session.get(RefreshToken, key) is None:
        db.session.add(RefreshToken(hash=key, session_id=session.id))
    access_token = access_tokens.issue(session.account_id, session.id)
    return Tokens(access_token, refresh_token, access_tokens.lifetime())


def _successor(refresh_token: str) -> str:
    # keyed hash: deterministic for reuse within REUSE_GRACE, unpredictable without the key
    key = derive_subkey(settings.secret_key, "forms_service refresh token")
    return urlsafe_b64encode(hmac.digest(key, refresh_token.encode(), "sha256")).decode().rstrip("=")


def _max_age() -> timedelta:
    return timedelta(days=settings.session_max_days)


def _record_failure(account_id: uuid.UUID | None) -> None:
    SIGN_INS.labels("failed").inc()
    audit.warn("sign_in_failed", account=account_id)
    with write_session():
        # also without an account, so that the work is the same
        audit.record("sign_in_failed", account_id=account_id)
        db.session.commit()


def _revoke_reused(session: Session) -> None:
    audit.warn("refresh_token_reused", account=session.account_id)
    audit.record("session_ended", account_id=session.account_id, details={"session": str(session.id), "why": "reuse"})
    db.session.delete(session)
    db.session.commit()


def as_dict(session: Session) -> dict[str, Any]:
    names = ("id", "created_at", "last_used_at", "expires_at", "client", "user_agent")
    data = {name: getattr(session, name) for name in names}
    return data | unreadable_flag(*data.values())
