"""Password recovery by mail."""

from forms_service.accounts import audit, email_limits, email_tokens, emails
from forms_service.accounts.constant_time import fixed_duration
from forms_service.accounts.models import Account
from forms_service.accounts.password_hashing import hash_password, refuse_personal_password
from forms_service.accounts.service import lock_by_email
from forms_service.accounts.sessions.service import end_access
from forms_service.accounts.signup.service import activate
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.signals import account_confirmed


def request_reset(email: str) -> None:
    """Queue a reset link, in constant time."""
    with fixed_duration():
        limit = email_limits.hourly_limit("reset", email)
        with write_session():
            account = lock_by_email(email)
            if account is not None and account.status != "disabled":
                emails.send_reset_link(account, limit)
                audit.record("password_forgotten", account_id=account.id)
            db.session.commit()


def reset(token: str, password: str) -> str:
    """Reset the password and end all access; return the address.

    Activates a pending account: the token proves control of the address.
    """
    account_id, _ = email_tokens.check("reset", token)
    holder = db.session.get(Account, account_id)
    if holder is None:
        raise email_tokens.invalid_token_error()
    refuse_personal_password(password, holder)
    password_hash = hash_password(password)
    with write_session():
        account, _ = email_tokens.consume("reset", token)
        waited = account.status == "pending"
        account.password_hash = password_hash
        if waited:
            activate(account)
        email_tokens.revoke(account.id)
        end_access(account.id)
        emails.send_password_reset(account)
        audit.record("password_reset", account_id=account.id)
        db.session.commit()
        account_id, email = account.id, account.email
    if waited:
        account_confirmed.send(account_id=account_id)
    return email
