"""OpnForm: forms and submissions."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from forms_service.imports.sources.base import FILE_URL, Source
from forms_service.imports.sources.definitions import Definition, Question, as_dict, as_list, text_of
from forms_service.imports.sources.files import ImportFile, Progress
from forms_service.imports.sources.records import Record

TYPES = {
    "text": "text",
    "short_text": "text",
    "long_text": "textarea",
    "rich_text": "textarea",
    "email": "email",
    "phone_number": "tel",
    "url": "url",
    "number": "number",
    "rating": "integer",
    "scale": "integer",
    "slider": "number",
    "date": "date",
    "checkbox": "checkbox",
    "select": "select",
    "multi_select": "multiselect",
    "files": "file",
    "barcode": "text",
}
CONTENT = "nf-"
"""Begins the types of blocks that ask nothing."""


class OpnFormDefinition(Source):
    """`GET /open/forms/{slug}`: `title` and `properties`.

    Documented at https://docs.opnform.com/api-reference/forms/get-form
    """

    name = "opnform-form"
    label = "OpnForm form"

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return "properties.item.type" in file.paths

    def definition(self) -> Definition | None:
        definition = Definition(text_of(self.file.first("title")))
        for row in self.file.items("properties.item"):
            _add(definition, as_dict(row.value))
        return definition


class OpnFormJSON(Source):
    """`GET /open/forms/{id}/submissions`: `data` is a list, whose items' `data` have the values.

    Documented at https://docs.opnform.com/api-reference/submissions/list-submissions
    """

    name = "opnform-json"
    label = "OpnForm JSON"

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        times = {"submitted_at", "created_at"}
        return any(
            f"{prefix}.data" in file.paths and any(f"{prefix}.{time}" in file.paths for time in times)
            for prefix in ("data.item", "item")
        )

    def records(self, progress: Progress) -> Iterator[Record]:
        for number, value in self.file.items(self._prefix, progress):
            submission = as_dict(value)
            id_ = submission.get("submission_id", submission.get("id"))
            record = Record(number, id=str(id_) if id_ is not None else None)
            record.time_name = "submitted_at" if submission.get("submitted_at") else "created_at"
            record.sent_at = submission.get(record.time_name)
            for name, item in as_dict(submission.get("data")).items():
                self._take(record, self.names.get(name, name), item)
            yield record

    def _take(self, record: Record, name: str, item: Any) -> None:
        files = [file for file in as_list(item) if "file_url" in file]
        if files:
            record.values[name] = [str(file["file_url"]) for file in files]
            record.not_taken.append((name, FILE_URL, ", ".join(record.values[name])))
        else:
            record.values[name] = item

    @cached_property
    def _prefix(self) -> str:
        return "data.item" if "data.item.data" in self.file.paths else "item"


def _add(definition: Definition, block: Any) -> None:
    kind, label = str(block.get("type")), text_of(block.get("name"))
    if kind.startswith(CONTENT):
        definition.skip(label, kind, "text, images and page breaks are not imported")
        return
    if kind not in TYPES:
        definition.skip(label, kind)
        return
    if as_dict(block.get("logic")).get("conditions"):
        definition.left_out.append(f"{label}: the logic that shows, hides or requires it.")
    options = as_list(as_dict(block.get(kind)).get("options"))
    type_ = "textarea" if kind == "text" and block.get("multi_lines") else TYPES[kind]
    if kind == "date" and block.get("with_time"):
        type_ = "datetime"
    definition.add(
        Question(
            "hidden" if block.get("hidden") and type_ in ("text", "textarea") else type_,
            label,
            ids=(block.get("id"), block.get("name")),
            help=text_of(block.get("help")),
            choices=[text_of(option.get("name")) for option in options],
            required=bool(block.get("required")) and not block.get("hidden"),
        )
    )
