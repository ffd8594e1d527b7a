"""Form commands of the operator."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select

from forms_service.accounts import audit
from forms_service.accounts.guards import Caller
from forms_service.accounts.models import Account
from forms_service.database.types import now
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.form_schema.appearance import is_open
from forms_service.forms import service
from forms_service.forms.models import Form

NO_FORM_ID = "There is no form with this id. To list them: flask forms list"


@dataclass(frozen=True)
class FormSummary:
    id: str
    name: str
    owner: str
    closed: bool
    created: str


def list_all_forms() -> Iterator[FormSummary]:
    """List oldest first, with an audit record."""
    audit.note("forms_listed")
    query = select(Form, Account).join(Account, Account.id == Form.owner_id).where(Form.deleted_at.is_(None))
    query = query.order_by(Form.created_at, Form.id)
    for form, owner in db.session.execute(query.execution_options(yield_per=500)):
        created = form.created_at.isoformat(timespec="seconds").replace("+00:00", "Z")
        yield FormSummary(
            form.id, form.name, owner.email, closed=not is_open(form.parsed_settings(), now()), created=created
        )


def close(form_id: str) -> None:
    service.change(form_id, _operator(form_id), {"settings": {"closed": True}})


def delete(form_id: str) -> bool:
    """Return False if the background does the rest."""
    return service.delete(form_id, _operator(form_id))


def _operator(form_id: str) -> Caller:
    owner_id = db.session.scalar(select(Form.owner_id).where(Form.id == form_id, Form.deleted_at.is_(None)))
    if owner_id is None:
        raise NotFoundError(NO_FORM_ID)
    # acts for the owner, whose audit trail records the action
    return Caller(owner_id, "operator")
