"""Putting messages into the outbox, and taking them out again with what they were about."""

import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select

from forms_service.database import now
from forms_service.delivery.models import Message
from forms_service.extensions import db
from forms_service.keyring import holder
from forms_service.validation.fields import email_key

TARGET_PLACE = "outbox.target"


def put_mail(
    kind: str, to: str, values: Mapping[str, Any], *, about: uuid.UUID, most_per_hour: int | None = None
) -> None:
    """Queue a mail made from `templates/mails/<kind>/` with `values`; it leaves once the caller's transaction commits.

    With `most_per_hour`, nothing is queued when the address had as many of that kind in the last hour.
    """
    index = holder().ring().index(email_key(to), TARGET_PLACE)
    if most_per_hour is not None and _recent(kind, index) >= most_per_hour:
        return
    message = Message(channel="mail", kind=kind, about=about, target=to, target_index=index, payload=json.dumps(values))
    db.session.add(message)


def forget(about: uuid.UUID) -> None:
    """Take everything about an account or a submission out of the outbox, sent or not, in the caller's transaction."""
    db.session.execute(delete(Message).where(Message.about == about))


def _recent(kind: str, target_index: bytes) -> int:
    same = (Message.target_index == target_index, Message.kind == kind)
    since = Message.created_at > now() - timedelta(hours=1)
    return db.session.scalar(select(func.count()).select_from(Message).where(*same, since)) or 0
