"""Formspree and Netlify Forms, whose columns are the names of HTML fields."""

from collections.abc import Iterator
from typing import Any, ClassVar

from forms_service.imports.sources.base import FILE_URL, CSVSource, Source
from forms_service.imports.sources.definitions import Definition, as_dict, from_columns
from forms_service.imports.sources.files import ImportFile, Progress
from forms_service.imports.sources.records import Record

NETLIFY_META = ("ip", "user_agent", "referrer")
DEVICE = "Facts about the visitor's device are not imported."


class FormspreeJSON(Source):
    """Form Submissions API: `fields`, and `submissions` with `_date`, `_id` and `_status` among the values.

    Documented at https://help.formspree.io/hc/en-us/articles/360015233153-Form-Submissions-API
    """

    name = "formspree-json"
    label = "Formspree JSON"
    own: ClassVar = ("_date", "_id", "_status")

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return "submissions.item._date" in file.paths

    def records(self, progress: Progress) -> Iterator[Record]:
        for number, value in self.file.items("submissions.item", progress):
            values = as_dict(value)
            record = Record(number, {name: item for name, item in values.items() if name not in self.own})
            record.sent_at, record.time_name = values.get("_date"), "_date"
            record.id = str(values["_id"]) if values.get("_id") is not None else None
            yield record

    def definition(self) -> Definition | None:
        fields = self.file.first("fields") or []
        return from_columns([name for name in fields if isinstance(name, str) and name not in self.own], are_names=True)


class FormspreeCSV(CSVSource):
    """The download of a form's submissions: the API's columns."""

    name = "formspree-csv"
    label = "Formspree CSV"
    times = ("_date",)
    ids = ("_id",)
    meta = ("_status",)

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return "_date" in file.header


class NetlifyJSON(Source):
    """`GET /api/v1/forms/{form_id}/submissions`: a list whose `data` has the values.

    Documented at https://open-api.netlify.com/#tag/submission
    """

    name = "netlify-json"
    label = "Netlify Forms JSON"

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return {"item.data", "item.created_at"} <= file.paths and bool(
            {"item.number", "item.human_fields", "item.ordered_human_fields", "item.site_url"} & file.paths
        )

    def records(self, progress: Progress) -> Iterator[Record]:
        for number, value in self.file.items("item", progress):
            submission = as_dict(value)
            record = Record(number, id=str(submission["id"]) if submission.get("id") else None)
            record.sent_at, record.time_name = submission.get("created_at"), "created_at"
            record.status = "spam" if submission.get("state") == "spam" else "inbox"
            for name, item in as_dict(submission.get("data")).items():
                self._take(record, name, item)
            yield record

    def _take(self, record: Record, name: str, item: Any) -> None:
        if name in NETLIFY_META:
            record.not_taken.append((name, DEVICE, ""))
        elif isinstance(item, dict) and "url" in item and "filename" in item:
            record.values[name] = str(item["url"] or item["filename"])
            record.not_taken.append((name, FILE_URL, record.values[name]))
        else:
            record.values[name] = item

    def definition(self) -> Definition | None:
        first = as_dict(as_dict(self.file.first("item")).get("data"))
        return from_columns([name for name in first if name not in NETLIFY_META], are_names=True)


class NetlifyCSV(CSVSource):
    """The download of a form's submissions: its fields, and `created_at`, `ip`, `user_agent`, `referrer`.

    Described at https://docs.netlify.com/manage/forms/submissions/
    """

    name = "netlify-csv"
    label = "Netlify Forms CSV"
    times = ("created_at", "created at")
    ids = ("id",)
    meta = (*NETLIFY_META, "site_url", "form_name", "number")

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return {"ip", "user_agent"} <= set(file.header)
