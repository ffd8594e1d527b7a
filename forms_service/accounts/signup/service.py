"""Sign-up use cases."""

import uuid

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from forms_service.accounts import audit, email_limits, email_tokens, emails
from forms_service.accounts.constant_time import fixed_duration
from forms_service.accounts.devices import Device
from forms_service.accounts.models import Account
from forms_service.accounts.password_hashing import check_password, hash_password, refuse_personal_password
from forms_service.accounts.service import EMAIL_TAKEN, NewAccount, build_account, lock_by_email
from forms_service.accounts.sessions.service import Tokens, end_sessions, start_session
from forms_service.config import settings
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.errors import AuthorizationError, ConflictError, FieldError, ValidationError
from forms_service.extensions import db
from forms_service.languages.sentences import N_
from forms_service.metrics import SIGNUPS
from forms_service.signals import account_confirmed, account_created

DIFFERENT = N_("You signed up with a different password. Enter that one, or choose to replace it with this one.")


def sign_up(new: NewAccount) -> dict[str, str]:
    """Create an account; with confirmation, a taken address gets the same response and timing.

    :raises ConflictError: for a taken address, without confirmation
    """
    if not settings.signup_enabled:
        raise AuthorizationError(N_("Sign-up is closed."))
    refuse_personal_password(new.password, new)
    status = "pending" if settings.signup_confirmation else "active"
    # before the lookup, so that a taken address takes the same time
    password_hash = hash_password(new.password)
    with fixed_duration():
        account_id = _store(new, password_hash, status)
    SIGNUPS.labels(status if account_id else "taken").inc()
    if account_id:
        account_created.send(account_id=account_id)
    elif not settings.signup_confirmation:
        raise ConflictError(EMAIL_TAKEN)
    return {"email": new.email, "status": status}


def confirm(token: str, password: str, device: Device, *, replace: bool = False) -> Tokens:
    """Activate the account and sign in; `replace` sets a new password.

    Requires the sign-up's password: a stranger may have signed up.
    """
    account_id, payload = email_tokens.check("confirm", token)
    # the first sign-up's token has no payload
    signup_hash = payload.get("password_hash") or _signup_hash(account_id)
    password_hash = (
        _hash_replacement(account_id, password) if replace else _check_signup_password(token, password, signup_hash)
    )
    with write_session():
        account, payload = email_tokens.consume("confirm", token)
        if account.status != "pending":
            raise email_tokens.invalid_token_error()
        if not replace and (payload.get("password_hash") or account.password_hash) != signup_hash:
            raise ConflictError(N_("Another sign-up with this address came in at the same time. Try again."))
        for name, value in (payload | {"password_hash": password_hash}).items():
            setattr(account, name, value)
        activate(account)
        tokens = start_session(account.id, device)
        audit.record("confirmed", account_id=account.id)
        db.session.commit()
    account_confirmed.send(account_id=account_id)
    return tokens


def activate(account: Account) -> None:
    """Also end earlier access, in the caller's transaction."""
    account.status = "active"
    account.confirmed_at = now()
    email_tokens.revoke(account.id)
    end_sessions(account.id)


def resend(email: str) -> None:
    """Queue another confirmation link, in constant time."""
    with fixed_duration():
        limit = email_limits.hourly_limit("confirm", email)
        with write_session():
            account = lock_by_email(email)
            if account is not None and account.status == "pending":
                payload = email_tokens.payload_of(email_tokens.find_newest("confirm", account.id))
                emails.send_confirmation(account, payload, limit)
            db.session.commit()


def _signup_hash(account_id: uuid.UUID) -> str:
    signup_hash = db.session.scalar(select(Account.password_hash).where(Account.id == account_id))
    if signup_hash is None:
        raise email_tokens.invalid_token_error()
    return signup_hash


def _hash_replacement(account_id: uuid.UUID, password: str) -> str:
    account = db.session.get(Account, account_id)
    if account is None:
        raise email_tokens.invalid_token_error()
    refuse_personal_password(password, account)
    return hash_password(password)


def _check_signup_password(token: str, password: str, signup_hash: str) -> str:
    with write_session():
        # counted before the check, so that concurrent guesses count too
        tries_left = email_tokens.count_try(token)
        db.session.commit()
    if not check_password(password, signup_hash):
        raise ValidationError({"password": [FieldError(DIFFERENT, "different")]}, details={"tries_left": tries_left})
    return signup_hash


def _store(new: NewAccount, password_hash: str, status: str) -> uuid.UUID | None:
    limit = email_limits.hourly_limit("confirm", new.email)
    try:
        return _insert(new, password_hash, status, limit)
    except IntegrityError:  # a concurrent sign-up came first
        return _insert(new, password_hash, status, limit)


def _insert(new: NewAccount, password_hash: str, status: str, limit: int) -> uuid.UUID | None:
    with write_session():
        account = lock_by_email(new.email)
        if account is not None:
            if settings.signup_confirmation:  # otherwise the response says it
                _notify_holder(account, new, password_hash, limit)
            db.session.commit()
            return None
        account = build_account(new, password_hash, role=settings.signup_role, status=status)
        db.session.add(account)
        db.session.flush()
        if status == "pending":
            emails.send_confirmation(account, {}, limit)
        audit.record("signed_up", account_id=account.id)
        db.session.commit()
        return account.id


def _notify_holder(account: Account, new: NewAccount, password_hash: str, limit: int) -> None:
    audit.record("signed_up_again", account_id=account.id)
    if account.status == "active":
        emails.send_already_registered(account, limit)
    elif account.status == "pending":
        payload = {name: getattr(new, name) for name in ("first_name", "last_name", "phone")}
        payload["password_hash"] = password_hash
        last = email_tokens.find_newest("confirm", account.id)
        # rate limited: the latest link now confirms this sign-up
        if not emails.send_confirmation(account, payload, limit) and last is not None:
            email_tokens.replace_payload(last, payload)
