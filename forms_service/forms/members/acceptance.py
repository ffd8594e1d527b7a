"""Accepts invitations: at a sign-in with the invited address, or by the button behind the link in the mail."""

import uuid
from dataclasses import dataclass

from forms_service.accounts.guards import Caller
from forms_service.accounts.models import Account
from forms_service.accounts.service import lock_by_id
from forms_service.config import settings
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.errors import AuthenticationError, FieldError, ValidationError
from forms_service.extensions import db
from forms_service.forms.members import links, queries
from forms_service.forms.members.queries import MemberRow
from forms_service.forms.members.service import forget, record_event
from forms_service.forms.models import Member
from forms_service.signals import session_starting

GONE = "This invitation is no longer valid. Ask whoever sent it for another."
OTHER_ADDRESS = "This invitation was sent to another address than yours. Sign in with that address."


@dataclass(frozen=True)
class Invitation:
    """The state behind a link."""

    status: str
    """`pending`, `active`, `other` (sent to another address than the caller's) or `gone`."""

    form_id: str = ""
    form_name: str = ""
    role: str = ""


def look_up(token: str, caller: Caller) -> Invitation:
    """Return the state; changes nothing."""
    account = db.session.get(Account, caller.account_id)
    row = _find(token)
    if row is None or account is None:
        return Invitation("gone")
    status = row.member.status if _is_for(row, account) else "other"
    return Invitation(status, row.form.id, row.form.name or row.form.id, row.member.role)


def accept(token: str, caller: Caller) -> str:
    """Become a member and return the form's id; nothing happens the second time.

    :raises ValidationError: for a link that is no longer valid, or another address
    """
    with write_session():
        row, account = _lock(token, caller)
        _activate(row, account)
        db.session.commit()
    return row.form.id


def decline(token: str, caller: Caller) -> None:
    """Drop an invitation.

    :raises ValidationError: for a link that is no longer valid, or another address
    """
    with write_session():
        row, account = _lock(token, caller)
        if row.member.status == "pending":
            record_event("member_declined", row, account.id)
            forget(row.member)
        db.session.commit()


@session_starting.connect
def _accept_at_sign_in(_: object, account_id: uuid.UUID) -> None:
    if not settings.signup_confirmation:
        return  # nobody has shown that the address is theirs: the link in the mail does
    account = db.session.get_one(Account, account_id)
    for row in queries.fetch(Member.email_index == account.email_index, Member.status == "pending", lock=True):
        _activate(row, account)


def _activate(row: MemberRow, account: Account) -> None:
    member = row.member
    if member.status == "active":
        return
    if row.form.owner_id == account.id or queries.find_membership(row.form.id, account.id):
        forget(member)  # the account has this address only now, and was on the form before
        return
    member.account_id, member.status, member.email, member.accepted_at = account.id, "active", None, now()
    record_event("member_accepted", row, account.id)


def _lock(token: str, caller: Caller) -> tuple[MemberRow, Account]:
    account = lock_by_id(caller.account_id)  # before the member, as at a sign-in
    row = _find(token, lock=True)
    if account is None:
        raise AuthenticationError()
    if row is None:
        raise ValidationError({"token": [FieldError(GONE, "invalid_token")]})
    if not _is_for(row, account):
        raise ValidationError({"token": [FieldError(OTHER_ADDRESS, "other_address")]})
    return row, account


def _find(token: str, *, lock: bool = False) -> MemberRow | None:
    for row in queries.fetch(Member.id == links.read_id(token), lock=lock):
        if links.is_valid(token, row.member):
            return row
    return None


def _is_for(row: MemberRow, account: Account) -> bool:
    return row.member.email_index == account.email_index
