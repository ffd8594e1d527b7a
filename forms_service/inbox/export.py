"""Streams exports in constant memory."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from itertools import chain
from typing import Any

from forms_service.accounts import audit
from forms_service.accounts.guards import Caller
from forms_service.database.transactions import write_session
from forms_service.database.types import now
from forms_service.encryption.associated_data import unreadable_flag
from forms_service.extensions import db
from forms_service.form_schema.special_fields import WORDS
from forms_service.forms import access
from forms_service.inbox.cells import Cell
from forms_service.inbox.csv_and_json import BOM, format_csv, format_json_lines
from forms_service.inbox.export_columns import FIXED, Columns, declared_columns
from forms_service.inbox.xlsx import stream_workbook
from forms_service.replies import proofs
from forms_service.replies.proofs import Proofs
from forms_service.submissions.counts import count_left_out, count_matches
from forms_service.submissions.queries import Files, Filter, SubmissionRow, batches, files_of
from forms_service.submissions.serialization import as_dict
from forms_service.validation.references import reference_of

MAX_SCANNED = 20_000
"""Scanned for field names in about 0.5 s; later names share the last column."""

UNREADABLE = "unreadable"
"""Column of undecryptable submissions."""

CLIENT = "client"
"""Column of IP addresses, if stored."""

CONFIRMED_AT = "confirmed_at"
"""Column present only with double opt-ins."""


@dataclass(frozen=True)
class Export:
    name: str
    content_type: str
    chunks: Iterator[bytes]
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Submissions left out, by status."""

    total: int = 0
    """Submissions that match."""


def export(form_id: str, caller: Caller, criteria: Filter, kind: str) -> Export:
    """Also write the audit trail."""
    name = f"{access.find_form(form_id, caller, access.EDITOR).name} {now():%Y-%m-%d}.{kind}"
    with write_session():
        details = {"form_id": form_id, "format": kind}
        audit.record("submissions_exported", account_id=caller.account_id, details=details)
        db.session.commit()
    content_type, make = FORMATS[kind]
    left_out, total = count_left_out(form_id, criteria), count_matches(form_id, criteria)
    db.session.rollback()  # release the connection while a slow client reads
    return Export(name, content_type, make(form_id, criteria), left_out, total)


def _stream_csv(form_id: str, criteria: Filter) -> Iterator[bytes]:
    yield BOM.encode()
    columns = _scan_columns(form_id, criteria)
    yield format_csv([[*FIXED, *columns.headings()]]).encode()
    for rows in _row_batches(form_id, criteria, columns):
        yield format_csv(rows).encode()


def _stream_jsonl(form_id: str, criteria: Filter) -> Iterator[bytes]:
    return stream_json_lines(batches(form_id, criteria))


def stream_json_lines(row_batches: Iterable[list[SubmissionRow]]) -> Iterator[bytes]:
    """Yield submissions as JSON Lines."""
    for batch, files, opt_ins in _with_details(row_batches):
        yield format_json_lines(
            as_dict(submission, files.get(submission.id, ()), opt_ins.get(submission.id)) for submission in batch
        ).encode()


def _stream_xlsx(form_id: str, criteria: Filter) -> Iterator[bytes]:
    columns = _scan_columns(form_id, criteria)
    rows = chain.from_iterable(_row_batches(form_id, criteria, columns, typed=True))
    yield from stream_workbook([*FIXED, *columns.headings()], columns.widths(), rows)


JSON_LINES = "application/x-ndjson; charset=utf-8"
FORMATS: dict[str, tuple[str, Callable[[str, Filter], Iterator[bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", _stream_csv),
    "jsonl": (JSON_LINES, _stream_jsonl),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", _stream_xlsx),
}


def _scan_columns(form_id: str, criteria: Filter) -> Columns:
    columns, scanned = Columns(declared_columns(form_id)), 0
    for batch, files, opt_ins in _with_details(batches(form_id, criteria)):
        for submission in batch:
            columns.add_names(_row_values(submission, files, opt_ins, criteria.timezone))
        scanned += len(batch)
        if scanned >= MAX_SCANNED:
            columns.truncated = True
            break
    return columns


def _row_batches(
    form_id: str, criteria: Filter, columns: Columns, *, typed: bool = False
) -> Iterator[list[list[Cell]]]:
    zone = criteria.timezone
    for batch, files, opt_ins in _with_details(batches(form_id, criteria)):
        rows = ((submission, _row_values(submission, files, opt_ins, criteria.timezone)) for submission in batch)
        yield [
            [*_fixed_cells(submission, zone, typed=typed), *columns.cells(values, zone if typed else None)]
            for submission, values in rows
            if columns.covers(values.keys())
        ]


def _fixed_cells(submission: SubmissionRow, zone: tzinfo, *, typed: bool) -> tuple[Cell, ...]:
    at = _to_seconds(submission.created_at, zone)
    sent: Cell = at.replace(tzinfo=None) if typed else at.isoformat()
    read: Cell = submission.read if typed else str(submission.read).lower()
    return (str(submission.id), reference_of(submission.id), sent, submission.status, read)


def _to_seconds(moment: datetime, zone: tzinfo) -> datetime:
    return moment.replace(microsecond=0).astimezone(zone)


def _with_details(row_batches: Iterable[list[SubmissionRow]]) -> Iterator[tuple[list[SubmissionRow], Files, Proofs]]:
    for batch in row_batches:
        files, opt_ins = files_of(batch), proofs.load([submission.id for submission in batch])
        db.session.rollback()  # release the connection while a slow client reads
        yield batch, files, opt_ins


def _row_values(submission: SubmissionRow, files: Files, opt_ins: Proofs, zone: tzinfo) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(submission.data)
    if unreadable_flag(submission.data, submission.control, submission.client):
        values[UNREADABLE] = "cannot be decrypted"
    names: dict[str, list[str]] = {}
    for file in files.get(submission.id, ()):
        names.setdefault(file.field, _as_list(values.get(file.field))).append(file.name)
    if names:
        values |= names
    if submission.control:
        control = json.loads(submission.control)
        values |= {name: control[name] for name in WORDS if name in control and name not in values}
    opt_in = opt_ins.get(submission.id)
    if opt_in and CONFIRMED_AT not in values:
        moment = opt_in[CONFIRMED_AT]
        values[CONFIRMED_AT] = _to_seconds(datetime.fromisoformat(moment), zone).isoformat() if moment else ""
    return values | {CLIENT: submission.client} if submission.client and CLIENT not in values else values


def _as_list(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [*value]
    return [] if value is None or value == "" else [value]
