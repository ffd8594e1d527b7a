"""The use cases of forms."""

from sqlalchemy import select

from forms_service.accounts.guards import Caller
from forms_service.errors import NotFoundError
from forms_service.extensions import db
from forms_service.forms.models import Form, FormVersion


def owned(form_id: str, caller: Caller) -> Form:
    """A form that is the caller's; an operator's are all of them.

    :raises NotFoundError: for another's, as for none
    """
    found = db.session.get(Form, form_id)
    if found is None or (caller.role != "operator" and found.owner_id != caller.account_id):
        raise NotFoundError()
    return found


def labels(form_id: str, version: int) -> dict[str, str]:
    """The name of each field → what it was labelled in that version."""
    fields = db.session.scalar(select(FormVersion.fields).filter_by(form_id=form_id, number=version)) or []
    return {field["name"]: field.get("label") or field["name"] for field in fields}
