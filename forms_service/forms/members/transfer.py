"""Hands a form over to one of its members."""

from typing import Any

from sqlalchemy import or_, select

from forms_service.accounts import audit
from forms_service.accounts.guards import OWNER_ROLES, Caller
from forms_service.accounts.models import Account
from forms_service.accounts.service import email_index
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.delivery.problems import mail_problem
from forms_service.errors import FieldError, ValidationError
from forms_service.extensions import db
from forms_service.forms import access, quotas
from forms_service.forms import service as forms
from forms_service.forms.members import queries, service
from forms_service.forms.models import Form, Member
from forms_service.signals import form_saved, form_transferring

NOT_A_MEMBER = "Only an active member can become the owner. Invite this address first, and wait until it has accepted."
IS_OWNER = "This account owns the form already."
NO_OWNER = "This account cannot have forms. Ask the operator to give it the role owner."


def transfer(form_id: str, caller: Caller, email: str, *, field: str = "email") -> dict[str, Any]:
    """Make a member the owner, and the old owner a manager.

    Its own webhooks, its files and the mails to its owner are the new owner's from then on.

    :raises AuthorizationError: beyond a quota of the new owner
    :raises ValidationError: on `field`, for an address that cannot become the owner's
    """
    problem = mail_problem()
    with write_session():
        form = access.find_form(form_id, caller, access.OWNER, lock=True)
        account = _find_new_owner(form, email, field)
        quotas.check_forms(account.id, "The new owner's account")
        previous_id = form.owner_id
        _swap(form, account)
        form_transferring.send(form_id=form_id, owner_id=account.id, previous_id=previous_id)
        details = {"form_id": form_id, "from": str(previous_id), "to": str(account.id)}
        audit.record("form_transferred", account_id=caller.account_id, details=details)
        audit.record("form_received", account_id=account.id, details=details, with_client=False)
        role = access.find_role(form_id, caller)
        result = forms.describe(form, str(role), problem)  # after the commit the caller's account may be gone
        db.session.commit()
    form_saved.send(form_id=form_id)
    return result


def _find_new_owner(form: Form, email: str, field: str) -> Account:
    # locked: no account is erased or disabled while it gets a form
    query = select(Account).where(Account.email_index == email_index(email)).with_for_update()
    account = db.session.scalar(query)
    membership = queries.find_membership(form.id, account.id) if account else None
    if account is not None and account.id == form.owner_id:
        raise _refuse(field, IS_OWNER, "is_owner")
    if account is None or membership is None:
        raise _refuse(field, NOT_A_MEMBER, "not_a_member")
    if account.role not in OWNER_ROLES or account.status != "active":
        raise _refuse(field, NO_OWNER, "cannot_have_forms")
    return account


def _swap(form: Form, account: Account) -> None:
    previous = db.session.get_one(Account, form.owner_id)
    is_either = or_(Member.account_id == account.id, Member.email_index == previous.email_index)
    for member in db.session.scalars(select(Member).where(Member.form_id == form.id, is_either)):
        service.forget(member)
    db.session.flush()
    form.owner_id = account.id
    manager = Member(form_id=form.id, account_id=previous.id, email_index=previous.email_index, role=access.MANAGER)
    manager.status, manager.accepted_at = "active", now()
    db.session.add(manager)
    db.session.flush()


def _refuse(field: str, sentence: str, code: str) -> ValidationError:
    return ValidationError({field: [FieldError(sentence, code)]})
