"""Rotates the secret of a webhook."""

import uuid
from datetime import timedelta
from typing import Any

from forms_service.accounts import audit
from forms_service.accounts.guards import Caller
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.webhooks.endpoints import get_owned_webhook
from forms_service.webhooks.signatures import new_secret

OVERLAP = timedelta(hours=24)
"""During which the previous secret signs too."""


def rotate(webhook_id: uuid.UUID, caller: Caller) -> dict[str, Any]:
    """Return a new secret, only here; both sign for OVERLAP."""
    with write_session():
        webhook = get_owned_webhook(webhook_id, caller, lock=True)
        webhook.previous_secret, webhook.secret = webhook.secret or None, new_secret()
        webhook.previous_secret_until = now() + OVERLAP
        details = {"webhook": str(webhook.id), "form_id": webhook.form_id}
        audit.record("webhook_secret_rotated", account_id=caller.account_id, details=details)
        data = {"secret": webhook.secret, "previous_secret_until": webhook.previous_secret_until}
        db.session.commit()
    return data
