"""Exports of this service: `GET /api/forms/{id}/export?format=csv` or `jsonl`."""

import csv
import json
import re
from collections.abc import Iterator
from typing import Any

from forms_service.imports.sources.base import FILE_URL, CSVSource, Source
from forms_service.imports.sources.definitions import Definition, as_dict, as_list, from_columns
from forms_service.imports.sources.files import ImportFile, Progress
from forms_service.imports.sources.records import Record
from forms_service.inbox.csv_and_json import AFTER_SEPARATOR, AT_START, FORMULA
from forms_service.inbox.export import CLIENT, CONFIRMED_AT, UNREADABLE
from forms_service.inbox.export_columns import FIXED, REST
from forms_service.submissions.models import STATUSES

VALUE_SUFFIX = " (value)"
ESCAPED = re.compile(rf"(?<=[;\t\r\n])'(?={FORMULA})")
UNCONFIRMED = "The person never confirmed it by double opt-in."
CLIENT_REASON = "Addresses of visitors' devices are not imported."


class OwnJSONLines(Source):
    """Submissions as the API returns them, one a line."""

    name = "own-jsonl"
    label = "this service's JSON Lines"

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return {"id", "reference", "form_id", "data"} <= file.paths

    def records(self, progress: Progress) -> Iterator[Record]:
        for line, value in self.file.json_lines(progress):
            yield Record(line, fault=str(value)) if isinstance(value, ValueError) else _read(line, value)


class OwnCSV(CSVSource):
    """Columns `id`, `reference`, `created_at`, `status`, `read`, then one for each field, by its label."""

    name = "own-csv"
    label = "this service's CSV"
    times = ("created_at",)
    ids = ("id",)
    meta = ("reference", "status", "read", CLIENT, CONFIRMED_AT, REST, UNREADABLE)

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return tuple(file.header[: len(FIXED)]) == FIXED

    def refine(self, record: Record, cells: dict[str, str]) -> None:
        cells = {name: unescape_formula(cell) for name, cell in cells.items()}
        labelled = {name.removesuffix(VALUE_SUFFIX) for name in cells if name.endswith(VALUE_SUFFIX)}
        values = {name: cells[name] for name in record.values if name not in labelled}
        record.values = {name.removesuffix(VALUE_SUFFIX): _listed(cell) for name, cell in values.items()}
        if REST in cells:
            record.values |= _object(cells[REST])
        _set_status(record, cells.get("status", ""), cells.get("read") == "true")
        if CLIENT in cells:
            record.not_taken.append((CLIENT, CLIENT_REASON, ""))

    def definition(self) -> Definition | None:
        labelled = {name.removesuffix(VALUE_SUFFIX) for name in self.file.header if name.endswith(VALUE_SUFFIX)}
        special = {*FIXED, *self.meta, *(name + VALUE_SUFFIX for name in labelled)}
        return from_columns([name for name in self.file.header if name not in special], are_names=False)


def unescape_formula(cell: str) -> str:
    """Remove the apostrophes that the export puts before formulas."""
    text = cell[1:] if cell.startswith("'") and AT_START.match(cell[1:]) else cell
    return ESCAPED.sub("", text) if AFTER_SEPARATOR.search(text.replace("'", "")) else text


def _read(line: int, value: dict[str, Any]) -> Record:
    id_ = value.get("id")
    record = Record(line, dict(as_dict(value.get("data"))), id=id_ if isinstance(id_, str) else None)
    record.sent_at, record.time_name = value.get("created_at"), "created_at"
    record.control = {str(name): str(text) for name, text in as_dict(value.get("control")).items()}
    reasons = value.get("spam_reasons")
    record.spam_reasons = " ".join(map(str, reasons))[:200] if isinstance(reasons, list) else ""
    _set_status(record, value.get("status"), value.get("read") is True)
    for file in as_list(value.get("files")):
        name, field = str(file.get("name", "")), str(file.get("field", "file"))
        record.values[field] = ", ".join(filter(None, (str(record.values.get(field) or ""), name)))
        record.not_taken.append((field, FILE_URL, name))
    if value.get(CLIENT):
        record.not_taken.append((CLIENT, CLIENT_REASON, ""))
    return record


def _set_status(record: Record, status: object, read: bool) -> None:
    record.read = read
    if status == "unconfirmed":
        record.fault = UNCONFIRMED
    elif status in STATUSES:
        record.status = str(status)


def _listed(cell: str) -> Any:
    """Return a list for several quoted values; the form's multiselects split the others."""
    if not cell.startswith('"') or '", ' not in cell:
        return cell
    try:
        return next(csv.reader([cell], skipinitialspace=True, strict=True))
    except (csv.Error, StopIteration):
        return cell


def _object(cell: str) -> dict[str, Any]:
    try:
        return dict(as_dict(json.loads(cell)))
    except (ValueError, RecursionError):
        return {REST: cell}
