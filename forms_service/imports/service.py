"""Use cases of imports: recognize a file, make its form, store its answers."""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError as SchemaError

from forms_service.encryption.keyring import current_key_ring
from forms_service.errors import ValidationError
from forms_service.form_schema.compiler import compile_schema
from forms_service.form_schema.settings import load_settings
from forms_service.forms import service
from forms_service.forms.cache import PublishedForm
from forms_service.forms.schemas import NewForm
from forms_service.imports.answers import Answer, Conversion
from forms_service.imports.columns import Columns
from forms_service.imports.left_out import LeftOut
from forms_service.imports.moments import DayOrder, Reading
from forms_service.imports.options import Options
from forms_service.imports.sources import BY_NAME, CSVSource, Source, detect
from forms_service.imports.sources.definitions import Definition
from forms_service.imports.sources.files import ImportFile, Progress
from forms_service.imports.sources.records import Record
from forms_service.imports.storage import BATCH_SIZE, BATCH_SIZE_CHARACTERS, Identities, Store
from forms_service.validation.base import errors_by_path

NO_ANSWERS = "The file defines a form and has no answers. To make the form: flask import FILE --owner EMAIL"


@dataclass(frozen=True)
class Scan:
    """Facts that only the whole file tells."""

    answers: int
    day_first: bool | None


@dataclass
class Result:
    stored: int = 0
    existing: int = 0
    """Stored by an earlier import."""

    left_out: int = 0
    empty: int = 0


def open_source(path: str, options: Options) -> Source:
    """Recognize a file by its shape.

    :raises ValueError: for an unknown shape, or a file that cannot be read
    """
    file = ImportFile(path, options.encoding)
    source = (BY_NAME[options.source] if options.source else detect(file))(file)
    if isinstance(source, CSVSource):
        source.time_column, source.chosen = options.time_column, options.columns.keys()
        missing = [name for name in options.columns if name not in file.header]
        if missing:
            raise ValueError(f"The file has no column {', '.join(missing)}. It has: {', '.join(file.header)}")
    if options.definition:
        definition = open_source(options.definition, Options()).definition()
        source.names = definition.names if definition else {}
    return source


def scan(source: Source, options: Options, progress: Progress) -> Scan:
    """Read the whole file, so that a broken one imports nothing.

    :raises ValueError: for a broken file, or times whose day and month may be swapped
    """
    answers, order = 0, DayOrder()
    for record in source.records(progress):
        answers += 1
        order.see(record.sent_at)
    return Scan(answers, order.decide() if options.day_first is None else options.day_first)


def new_form(source: Source, name: str | None) -> tuple[dict[str, Any], Definition]:
    """Return the validated form that a file defines, as for `POST /api/forms`.

    :raises ValueError: if the file defines none
    :raises ValidationError: if it is more than a form may have here
    """
    definition = source.definition()
    if definition is None or not definition.fields:
        raise ValueError("The file does not define a form: it names no fields.")
    title = name or definition.title or os.path.splitext(os.path.basename(source.file.path))[0]
    try:
        return NewForm().load({"name": title[:200], "fields": definition.fields}), definition
    except SchemaError as error:
        raise ValidationError(errors_by_path(error.messages)) from error


def create_form(body: dict[str, Any], owner: str) -> str:
    """Create the form for this account and return its id."""
    return str(service.create_for_email(owner, body)["id"])


def preview_form(body: dict[str, Any]) -> PublishedForm:
    """Return the form as it would be, for a dry run."""
    fields = tuple(body["fields"])
    return PublishedForm(
        id="",
        name=body["name"],
        owner_id=uuid.UUID(int=0),
        owner_email="",
        owner_active=True,
        version=1,
        fields=fields,
        settings=load_settings({}),
        schema=compile_schema(fields),
    )


class Import:
    """Imports the answers of a source into a form."""

    def __init__(self, form: PublishedForm, source: Source, options: Options, left_out: LeftOut) -> None:
        self.form, self.source, self.left_out, self._options = form, source, left_out, options
        self.columns = Columns(form, options.columns)
        self.result = Result()

    def run(self, scanned: Scan, progress: Progress, *, write: bool) -> Result:
        """Store batch by batch; without `write`, only find out what would happen."""
        ring, reading = current_key_ring(), Reading(self._options.timezone, scanned.day_first)
        conversion = Conversion(self.columns, self._options, reading, ring, self.left_out)
        store = Store(self.form, self.source.name, ring)
        with Identities(self.source.name, self.form.id, ring) as identities:
            for batch in self._batches(conversion, identities, progress):
                stored, existing = store.add(batch) if write else store.count(batch)
                self.result.stored += stored
                self.result.existing += existing
        for name in self.columns.unmatched():
            self.left_out.add(0, name, "Named by --map, but the file has no such column.", "")
        return self.result

    def _batches(self, conversion: Conversion, identities: Identities, progress: Progress) -> Iterator[list[Answer]]:
        batch: list[Answer] = []
        size = 0
        for record in self.source.records(progress):
            if record.is_empty:
                self.result.empty += 1
                continue
            try:
                answer = conversion.convert(record, identities.of(record))
            except RecursionError:
                self._leave_out(record, "It is nested too deeply.", "")
                continue
            except ValueError as reason:
                self._leave_out(record, str(reason), record.values)
                continue
            batch.append(answer)
            size += len(answer.data)
            if len(batch) >= BATCH_SIZE or size >= BATCH_SIZE_CHARACTERS:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def _leave_out(self, record: Record, reason: str, value: Any) -> None:
        self.result.left_out += 1
        self.left_out.add(record.line, "", reason, value)
