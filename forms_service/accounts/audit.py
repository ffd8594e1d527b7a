"""The audit trail: what an account did, recorded in the transaction in which it was done."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from forms_service.accounts.models import Event
from forms_service.extensions import db


def record(name: str, *, account_id: uuid.UUID | None, details: Mapping[str, Any] | None = None) -> None:
    """Note what happened, in the caller's transaction."""
    db.session.add(Event(account_id=account_id, name=name, details=json.dumps(dict(details)) if details else None))
