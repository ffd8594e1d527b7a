"""Exports: all that a filter finds, sent while it is read; a million take no more memory than a thousand."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import chain
from typing import Any

from forms_service.accounts import audit
from forms_service.accounts.guards import Caller
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.extensions import db
from forms_service.form_schema.special_fields import WORDS
from forms_service.forms.service import get_owned_form
from forms_service.inbox.cells import Cell
from forms_service.inbox.csv_and_json import BOM, csv_rows, json_lines
from forms_service.inbox.export_columns import FIRST, Columns, declared
from forms_service.inbox.xlsx import workbook
from forms_service.submissions.queries import Files, Filter, Found, batches, count_left_out, files_of
from forms_service.submissions.serialization import as_dict

LOOKED_AT = 20_000
"""Submissions of which the names are known before the first row is sent: half a second's work. What older ones have
under names that neither these nor any version of the form know stands together in the last column.
"""

UNREADABLE = "unreadable"
"""The column that marks a submission of which something cannot be decrypted, where there is one."""

CLIENT = "client"
"""The column of the sender's address, where the form keeps any of it."""


@dataclass(frozen=True)
class Export:
    """A file that is made while it is sent."""

    name: str
    content_type: str
    chunks: Iterator[bytes]
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Status → how many submissions of it the filter left out."""


def export(form_id: str, caller: Caller, wanted: Filter, kind: str) -> Export:
    """A form's submissions as `csv`, `jsonl` or `xlsx`; that it was taken is recorded.

    :raises NotFoundError: for another's form, as for none
    """
    name = f"{get_owned_form(form_id, caller).name} {now():%Y-%m-%d}.{kind}"
    with write_session():
        details = {"form_id": form_id, "format": kind}
        audit.record("submissions_exported", account_id=caller.account_id, details=details)
        db.session.commit()
    content_type, make = KINDS[kind]
    left_out = count_left_out(form_id, wanted)
    db.session.rollback()  # nothing is held while the client takes its time
    return Export(name, content_type, make(form_id, wanted), left_out)


def _csv(form_id: str, wanted: Filter) -> Iterator[bytes]:
    yield BOM.encode()
    columns = _columns(form_id, wanted)
    yield csv_rows([[*FIRST, *columns.headings()]]).encode()
    for rows in _tables(form_id, wanted, columns):
        yield csv_rows(rows).encode()


def _json_lines(form_id: str, wanted: Filter) -> Iterator[bytes]:
    return lines(batches(form_id, wanted))


def lines(found: Iterable[list[Found]]) -> Iterator[bytes]:
    """Submissions as JSON Lines, exactly as the API shows them."""
    for batch, files in _with_files(found):
        yield json_lines(as_dict(submission, files.get(submission.id, ())) for submission in batch).encode()


def _workbook(form_id: str, wanted: Filter) -> Iterator[bytes]:
    columns = _columns(form_id, wanted)
    rows = chain.from_iterable(_tables(form_id, wanted, columns, typed=True))
    yield from workbook([*FIRST, *columns.headings()], columns.widths(), rows)


JSON_LINES = "application/x-ndjson; charset=utf-8"
KINDS: dict[str, tuple[str, Callable[[str, Filter], Iterator[bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "jsonl": (JSON_LINES, _json_lines),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _workbook),
}


def _columns(form_id: str, wanted: Filter) -> Columns:
    """A column for every field of any version, and for every other name that one of the newest submissions has."""
    columns, looked = Columns(declared(form_id)), 0
    for batch, files in _with_files(batches(form_id, wanted)):
        for submission in batch:
            columns.see(_values(submission, files))
        looked += len(batch)
        if looked >= LOOKED_AT:
            columns.full = True
            break
    return columns


def _tables(form_id: str, wanted: Filter, columns: Columns, *, typed: bool = False) -> Iterator[list[list[Cell]]]:
    zone = wanted.timezone
    for batch, files in _with_files(batches(form_id, wanted)):
        rows = ((submission, _values(submission, files)) for submission in batch)
        yield [
            [*_first(submission, zone, typed=typed), *columns.cells(values, zone if typed else None)]
            for submission, values in rows
            if columns.hold(values.keys())
        ]


def _first(submission: Found, zone: tzinfo, *, typed: bool) -> tuple[Cell, ...]:
    """The cells under FIRST; times to the second."""
    at = submission.created_at.replace(microsecond=0).astimezone(zone)
    sent: Cell = at.replace(tzinfo=None) if typed else at.isoformat()
    read: Cell = submission.read if typed else str(submission.read).lower()
    return (str(submission.id), sent, submission.status, read)


def _with_files(found: Iterable[list[Found]]) -> Iterator[tuple[list[Found], Files]]:
    for batch in found:
        files = files_of(batch)
        db.session.rollback()  # nothing is held while the client takes its time
        yield batch, files


def _values(submission: Found, files: Files) -> dict[str, Any]:
    """What was sent under each name; of a file its name, after the texts that came under the same.

    Special fields that carry a person's words come after the data, and after them the sender's address.
    """
    values: dict[str, Any] = json.loads(submission.data)
    if unreadable_flag(submission.data, submission.control, submission.client):
        values[UNREADABLE] = "cannot be decrypted"
    names: dict[str, list[str]] = {}
    for file in files.get(submission.id, ()):
        names.setdefault(file.field, _listed(values.get(file.field))).append(file.name)
    if names:
        values |= names
    if submission.control:
        control = json.loads(submission.control)
        values |= {name: control[name] for name in WORDS if name in control and name not in values}
    return values | {CLIENT: submission.client} if submission.client and CLIENT not in values else values


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [*value]
    return [] if value is None or value == "" else [value]
