"""The mail that tells an owner of a submission."""

import uuid
from collections.abc import Mapping
from typing import Any

from forms_service.accounts.models import Account
from forms_service.delivery import outbox
from forms_service.extensions import db
from forms_service.forms.models import Form


def notify(form: Form, submission_id: uuid.UUID, data: Mapping[str, Any], control: Mapping[str, str]) -> None:
    """Put it into the outbox, in the caller's transaction."""
    owner = db.session.get_one(Account, form.owner_id)
    outbox.put_mail("submission", owner.email, {"data": dict(data)}, about=submission_id)
