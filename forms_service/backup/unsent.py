"""Messages that waited when a backup was made: the service may have sent them since."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, select, update

from forms_service.accounts.models import Session
from forms_service.database.types import new_id, now
from forms_service.delivery import payloads
from forms_service.delivery.models import Attempt, Message
from forms_service.encryption import compiled_sql
from forms_service.encryption.compiled_sql import EncryptedInsert
from forms_service.notifications.recipients.models import DigestEntry, Recipient
from forms_service.security.key_ring import KeyRing

ANSWER = (
    "Not sent: it waited when the backup was made that this service was restored from, and may have been sent since. "
    "Send it again if it was not."
)
BATCH_ROWS = 500

ATTEMPTS = EncryptedInsert(Attempt.__table__)


@dataclass
class Held:
    """Counts of a restore."""

    retryable: int = 0
    """Mails and webhooks about submissions: owners may send them again."""

    final: int = 0
    """Mails about accounts, invitations: their links are asked for again."""

    digest_entries: int = 0
    sessions: int = 0


def hold(connection: Connection, ring: KeyRing) -> Held:
    """Fail what waits, drop what digests that were due would list, and end sessions, in the caller's transaction."""
    held = Held()
    waiting = select(Message.id, Message.channel, Message.kind).where(Message.state == "waiting").limit(BATCH_ROWS)
    while batch := connection.execute(waiting).all():
        compiled_sql.insert_rows(
            connection,
            compiled_sql.prepare_rows([(ATTEMPTS, _attempt(row)) for row in batch], connection.dialect, ring),
        )
        ids = [row.id for row in batch]
        changes = {"state": "failed", "next_attempt_at": now(), "lease_until": None}
        connection.execute(update(Message).where(Message.id.in_(ids)).values(changes))
        final = [row.id for row in batch if row.kind not in payloads.kinds()]
        # nobody can retry them, so that nobody needs their content
        connection.execute(update(Message).where(Message.id.in_(final)).values(payload=None))
        held.final += len(final)
        held.retryable += len(ids) - len(final)
    held.digest_entries = _drop_due_digests(connection)
    held.sessions = connection.execute(delete(_table(Session))).rowcount
    return held


def _attempt(row: Any) -> dict[str, Any]:
    return {
        "id": new_id(),
        "message_id": row.id,
        "channel": row.channel,
        "at": now(),
        "outcome": "suppressed",  # as a failure it would count as one of the mail server
        "status": None,
        "duration": None,
        "answer": ANSWER,
    }


def _drop_due_digests(connection: Connection) -> int:
    due = Recipient.next_digest_at <= now()
    recipients = select(Recipient.id).where(due)
    entries = delete(_table(DigestEntry)).where(
        DigestEntry.message_id.is_(None), DigestEntry.recipient_id.in_(recipients)
    )
    count = connection.execute(entries).rowcount
    connection.execute(update(_table(Recipient)).where(due).values(last_digest_at=now()))
    return count


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table
