"""A sample event, for owners to try a webhook before anybody has filled in their form."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from forms_service.form_schema.field_types import choice_labels, choice_values
from forms_service.submissions.events import CREATED
from forms_service.submissions.serialization import as_dict, to_json
from forms_service.validation.label_links import strip_links
from forms_service.validation.references import reference_of
from forms_service.webhooks.formats.payloads import Event, EventFile

SUBMISSION_ID = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")
"""Of no submission."""

FIELDS: Sequence[Mapping[str, Any]] = (
    {"name": "name", "type": "text", "label": "Your name"},
    {"name": "email", "type": "email", "label": "Your e-mail address"},
    {"name": "message", "type": "textarea", "label": "Your message"},
)
"""Of a form that defines none."""

Definition = Mapping[str, Any]


def _bounded(field: Definition, usual: Any) -> Any:
    # dates and times are compared as text, in which they sort
    return field["min"] if "min" in field else min(usual, field.get("max", usual))


VALUES: Mapping[str, Callable[[Definition], Any]] = {
    "text": lambda field: "Ann Example" if "name" in field["name"].lower() else "Example",
    "textarea": lambda _: "Hello,\nI would like to know more about your offer.\nAnn",
    "tel": lambda _: "+44 20 7946 0018",
    "hidden": lambda _: "example",
    "email": lambda _: "ann@example.com",
    "url": lambda _: "https://example.com/",
    "number": lambda field: _bounded(field, 2.5),
    "integer": lambda field: _bounded(field, 2),
    "date": lambda field: _bounded(field, "2026-03-14"),
    "time": lambda field: _bounded(field, "09:30"),
    "datetime": lambda field: _bounded(field, "2026-03-14T09:30"),
    "select": lambda field: choice_values(field)[0],
    "radio": lambda field: choice_values(field)[0],
    "multiselect": lambda field: choice_values(field)[:2],
    "checkbox": lambda _: "on",
    "consent": lambda _: "on",
}
"""By field type, within the bounds of the field but not always its pattern."""


@dataclass(frozen=True)
class SampleFile:
    """Return a file as the API shows it."""

    number: int
    field: str
    name: str = "example.pdf"
    content_type: str = "application/pdf"
    size: int = 48_213
    scan: str = "clean"
    threat: str | None = None


@dataclass(frozen=True)
class SampleSubmission:
    """Return a submission as the API shows it."""

    form_id: str
    form_version: int
    data: str
    created_at: datetime
    id: uuid.UUID = SUBMISSION_ID
    status: str = "inbox"
    read: bool = False
    spam_reasons: str = ""
    control: str = "{}"
    client: str = ""


@dataclass(frozen=True)
class SampleForm:
    """The form that a sample is made for."""

    id: str
    name: str
    version: int
    fields: Sequence[Definition] = ()


def sample_event(form: SampleForm, link: str, now: datetime | None = None) -> Event:
    """Return a realistic event; `link` is where the submission would be."""
    now = now or datetime.now(UTC)
    fields = form.fields or FIELDS
    data = sample_values(fields)
    uploads = [field for field in fields if field["type"] == "file"]
    files = [SampleFile(number, field["name"]) for number, field in enumerate(uploads, 1)]
    submission = SampleSubmission(form.id, form.version, to_json(data), now)
    texts = {field["name"]: _text(field, data[field["name"]]) for field in fields if field["name"] in data}
    return Event(
        type=CREATED,
        timestamp=now,
        form_id=form.id,
        form_name=form.name,
        submission_id=str(SUBMISSION_ID),
        reference=reference_of(SUBMISSION_ID),
        link=link,
        submission=as_dict(submission, files),
        lines=[(_label(field), texts[field["name"]]) for field in fields if field["name"] in data],
        values=texts,
        files=[
            EventFile(_label(field), file.name, file.size, link) for field, file in zip(uploads, files, strict=True)
        ],
    )


def sample_values(fields: Sequence[Definition]) -> dict[str, Any]:
    """Return a value for each field but files."""
    return {field["name"]: _value(field) for field in fields if field["type"] != "file"}


def _value(field: Definition) -> Any:
    value = VALUES[field["type"]](field)
    if not isinstance(value, str):
        return value
    return value.ljust(field.get("min_length", 0), ".")[: field.get("max_length")]


def _label(field: Definition) -> str:
    return strip_links(field.get("label") or field["name"])


def _text(field: Definition, value: Any) -> str:
    labels = choice_labels(field)
    values = value if isinstance(value, list) else [value]
    return ", ".join(labels.get(item, str(item)) for item in values)
