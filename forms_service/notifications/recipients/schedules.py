"""When a recipient's next digest is due: at an hour of a time zone."""

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import ColumnElement, delete, exists, select

from forms_service.database.types import now
from forms_service.extensions import db
from forms_service.notifications.recipients.models import WEEKDAYS, DigestEntry, Recipient
from forms_service.validation.timezones import load_zone

MAX_DAYS = 8
"""From one weekly digest to the next, counting both days."""

LAST_DELAY = timedelta(minutes=1)
"""Before the last digest of somebody who gets single mails from now on: other processes' forms are as old as that."""


def next_digest(frequency: str, hour: int, weekday: int, zone: str, after: datetime) -> datetime | None:
    """Return the first digest after a moment; None for `instant`.

    An hour that the clocks skip is the one after it; of an hour that they repeat, it is the first.
    """
    if frequency == "instant":
        return None
    if frequency == "hourly":
        return after.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    zone_info = load_zone(zone)
    today = after.astimezone(zone_info).date()
    for days in range(-1, MAX_DAYS + 1):
        day = today + timedelta(days=days)
        if frequency == "daily" or day.weekday() == weekday:
            moment = datetime.combine(day, time(hour), zone_info).astimezone(UTC)
            if moment > after:
                return moment
    raise ValueError(f"no such frequency: {frequency}")


def schedule(recipient: Recipient) -> None:
    """Set the next digest, in the caller's transaction."""
    if recipient.status != "active":
        recipient.next_digest_at = None
        return
    weekday = WEEKDAYS.index(recipient.weekday)
    due = next_digest(recipient.frequency, recipient.hour, weekday, recipient.timezone, now())
    recipient.next_digest_at = due or (now() + LAST_DELAY if has_waiting_entries(recipient) else None)


def has_waiting_entries(recipient: Recipient) -> bool:
    """Whether submissions wait for a digest."""
    return bool(db.session.scalar(select(exists().where(*waiting_entries(recipient)))))


def drop_waiting_entries(recipient: Recipient) -> None:
    """Forget the submissions that wait, in the caller's transaction."""
    db.session.execute(delete(DigestEntry).where(*waiting_entries(recipient)))


def waiting_entries(recipient: Recipient) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for the entries of the next digest."""
    return DigestEntry.recipient_id == recipient.id, DigestEntry.message_id.is_(None)
