"""Converts records to answers of a form.

Values that do not fit are kept and listed: nobody can ask the person again.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from forms_service.config import settings
from forms_service.database.types import now
from forms_service.errors import ApiError
from forms_service.form_schema.compiler import MAX_FIELDS
from forms_service.form_schema.field_types import nfc
from forms_service.imports.columns import Columns
from forms_service.imports.left_out import LeftOut
from forms_service.imports.moments import Reading
from forms_service.imports.options import Options
from forms_service.imports.sources.records import Record
from forms_service.security.key_ring import KeyRing
from forms_service.submissions.email_addresses import email_indexes
from forms_service.submissions.serialization import to_json
from forms_service.virus_scanner.clamd import INFECTED

NO_TIME = "Not a time that can be read. The time of the import is used, and the text is kept."
NOTHING = "Nothing in it belongs to a field of the form."
TOO_OLD = "Older than the {days} days that {what} are kept; it would be deleted at once."
TOO_MANY_VALUES = f"It has more than {MAX_FIELDS} values."


@dataclass
class Answer:
    """An answer in the form's own shape."""

    data: str
    """JSON, as `control`."""

    control: str | None
    status: str
    read: bool
    spam_reasons: str
    created_at: datetime
    identity: bytes
    """Keyed hash of its origin."""

    id: uuid.UUID | None
    """The submission's, in an export of ours."""

    email_indexes: Iterable[bytes]


class Conversion:
    """Converts the records of one import."""

    def __init__(self, columns: Columns, options: Options, reading: Reading, ring: KeyRing, left_out: LeftOut) -> None:
        self._columns, self._form = columns, columns.form
        self._options, self._reading, self._ring, self._left_out = options, reading, ring, left_out
        self._started = now()

    def convert(self, record: Record, identity: bytes) -> Answer:
        """Return an answer; list what of it does not fit.

        :raises ValueError: with the reason, if it cannot be imported
        """
        if record.fault:
            raise ValueError(record.fault)
        moment, status = self._reading.parse(record.sent_at), self._options.status or record.status
        self._check_age(status, record.spam_reasons, moment)
        unread_time = {record.time_name: record.sent_at} if moment is None and record.sent_at else {}
        data, control, not_taken = self._columns.convert({**record.values, **unread_time})
        control = {**record.control, **control}
        if not (data or control):
            raise ValueError(NOTHING)
        if len(data) > MAX_FIELDS:
            raise ValueError(TOO_MANY_VALUES)
        try:
            indexes = email_indexes(data, control, self._ring)
        except ApiError as error:
            raise ValueError(error.message) from error
        for name, value in unread_time.items():
            self._left_out.add(record.line, name, NO_TIME, value, stored=True)
        for column, reason, value in (*not_taken, *record.not_taken):
            self._left_out.add(record.line, column, reason, value)
        read = self._options.read if self._options.read is not None else record.read is not False
        return Answer(
            data=to_json(self._check(record.line, data)),
            control=to_json(control) if control else None,
            status=status,
            read=read,
            spam_reasons=record.spam_reasons,
            created_at=moment or now(),
            identity=identity,
            id=parse_id(record.id),
            email_indexes=indexes,
        )

    def _check(self, line: int, data: dict[str, Any]) -> dict[str, Any]:
        """Return the values as the form stores them; those that do not fit are kept as they are."""
        valid, errors = self._form.schema.check(data)
        for name, messages in errors.items():
            self._left_out.add(line, name, " ".join(map(str, messages)), data.get(name, ""), stored=True)
        return {name: valid[name] if name in valid else nfc(value) for name, value in data.items()}

    def _check_age(self, status: str, spam_reasons: str, moment: datetime | None) -> None:
        days, what = self._form.settings.retention_days, "submissions of this form"
        if status == "spam" and spam_reasons != INFECTED:
            days, what = min(days or settings.spam_retention_days, settings.spam_retention_days), "spam"
        if moment and days is not None and moment < self._started - timedelta(days=days):
            raise ValueError(TOO_OLD.format(days=days, what=what))


def parse_id(text: str | None) -> uuid.UUID | None:
    """Return an id of ours, or None."""
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None
