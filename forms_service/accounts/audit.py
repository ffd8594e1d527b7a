"""Audit trail and security log."""

import json
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from flask import has_request_context

from forms_service.accounts.models import Event
from forms_service.config import settings
from forms_service.database.transactions import write_session
from forms_service.extensions import db
from forms_service.logs import event
from forms_service.web.client import client_address, client_for_log


def record(
    name: str,
    *,
    account_id: uuid.UUID | None,
    details: Mapping[str, Any] | None = None,
    with_client: bool = True,
) -> None:
    """Add an event, in the caller's transaction.

    `details` hold ids and counts, never personal data. `with_client=False` leaves out the client's address.
    """
    client = client_address() if with_client and has_request_context() else None
    serialized = json.dumps(details) if details else None
    form_id = details.get("form_id") if details else None
    db.session.add(Event(account_id=account_id, name=name, client=client, details=serialized, form_id=form_id))


def note(name: str) -> None:
    """Record an operator command in its own transaction."""
    with write_session():
        record(name, account_id=None)
        db.session.commit()


def log(name: str, **fields: Any) -> None:
    """Log a security event that is no cause for concern; never pass user input."""
    event(name, client=client_for_log(settings.log_client), **fields)


def warn(name: str, **fields: Any) -> None:
    """Log a security event; never pass user input."""
    event(name, level=logging.WARNING, client=client_for_log(settings.log_client), **fields)
