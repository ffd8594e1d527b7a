"""Names of forms, for lists of what belongs to several."""

import uuid
from collections.abc import Collection

from sqlalchemy import func, select

from forms_service.accounts.guards import Caller
from forms_service.extensions import db
from forms_service.forms import access
from forms_service.forms.models import Form


def load(form_ids: Collection[str], caller: Caller) -> dict[str, str]:
    """Return id → name of those of the forms that the caller may see; a form without a readable name has its id."""
    is_visible = (Form.deleted_at.is_(None), access.with_role(caller, access.VIEWER))
    rows = db.session.execute(select(Form.id, Form.name).where(Form.id.in_(set(form_ids)), *is_visible))
    return {form_id: name or form_id for form_id, name in rows}


def count_owned(account_id: uuid.UUID) -> int:
    """Count the forms of an account."""
    query = select(func.count()).where(Form.owner_id == account_id, Form.deleted_at.is_(None))
    return db.session.scalar(query) or 0
