"""The audit trail: who did what, and when."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from flask import has_request_context

from forms_service.accounts.models import Event
from forms_service.extensions import db
from forms_service.web.client import client_address


def record(name: str, *, account_id: uuid.UUID | None, details: Mapping[str, Any] | None = None) -> None:
    """Add an event to an account's trail, in the caller's transaction.

    `details` are ids and counts, never the data of a person. The client's address is added; what has none was done
    by a command of the operator or by the service itself.
    """
    client = client_address() if has_request_context() else None
    said = json.dumps(details) if details else None
    db.session.add(Event(account_id=account_id, name=name, client=client, details=said))
