"""Quotas of forms and versions. Checks run in the adding transaction and raise AuthorizationError."""

import uuid

from sqlalchemy import func, select

from forms_service.accounts.models import Account
from forms_service.config import settings
from forms_service.errors import AuthorizationError
from forms_service.extensions import db
from forms_service.forms.models import Form, FormVersion
from forms_service.signals import form_versioning

MAX_VERSIONS = 100
"""Per form; unused ones are deleted first."""

NEWEST_VERSIONS = 20
"""Kept: submissions may be in flight."""


def check_forms(owner_id: uuid.UUID, owner: str = "This account") -> None:
    limit = settings.forms_per_account
    # serialise concurrent counts
    db.session.execute(select(Account.id).where(Account.id == owner_id).with_for_update())
    query = select(func.count()).where(Form.owner_id == owner_id, Form.deleted_at.is_(None))
    if limit and db.session.scalar(query) >= limit:  # type: ignore[operator]  # a count is never null
        message = f"{owner} has reached its limit of {limit} forms. Delete one that is no longer needed."
        raise AuthorizationError(message, details={"quota": "FORMS_PER_ACCOUNT", "limit": limit})


def check_versions(form_id: str) -> None:
    if _count_versions(form_id) < MAX_VERSIONS:
        return
    form_versioning.send(form_id=form_id)
    if _count_versions(form_id) >= MAX_VERSIONS:
        message = (
            f"A form can have at most {MAX_VERSIONS} versions with submissions. Delete old submissions, or create a "
            "new form."
        )
        raise AuthorizationError(message, details={"quota": "versions", "limit": MAX_VERSIONS})


def _count_versions(form_id: str) -> int:
    return db.session.scalar(select(func.count()).where(FormVersion.form_id == form_id)) or 0
