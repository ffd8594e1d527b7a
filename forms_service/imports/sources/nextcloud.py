"""Nextcloud Forms: a form, its questions and its submissions."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from forms_service.imports.sources.base import FILE_URL, CSVSource, Source
from forms_service.imports.sources.definitions import Definition, Question, as_dict, as_list, text_of
from forms_service.imports.sources.files import ImportFile, Progress
from forms_service.imports.sources.records import Record

TYPES = {
    "short": "text",
    "long": "textarea",
    "multiple": "multiselect",
    "multiple_unique": "radio",
    "dropdown": "select",
    "date": "date",
    "datetime": "datetime",
    "time": "time",
    "linearscale": "integer",
    "file": "file",
}
SHORT_TYPES = {"email": "email", "phone": "tel", "number": "number", "url": "url"}
"""By `extraSettings.validationType`."""


class NextcloudJSON(Source):
    """`GET /ocs/v2.php/apps/forms/api/v3/forms/{id}` or `…/submissions`, with the `ocs` envelope or without.

    Documented in docs/API_v3.md and docs/DataStructure.md of https://github.com/nextcloud/forms
    """

    name = "nextcloud-json"
    label = "Nextcloud Forms JSON"

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        ends = ("questions.item.isRequired", "questions.item.text", "submissions.item.answers.item.questionId")
        return any(f"{prefix}{end}" in file.paths for prefix in ("", "ocs.data.") for end in ends)

    def records(self, progress: Progress) -> Iterator[Record]:
        for number, value in self.file.items(f"{self._prefix}submissions.item", progress):
            submission = as_dict(value)
            record = Record(number, id=str(submission["id"]) if submission.get("id") is not None else None)
            record.sent_at, record.time_name = submission.get("timestamp"), "timestamp"
            for answer in as_list(submission.get("answers")):
                self._take(record, answer)
            yield record

    def definition(self) -> Definition | None:
        definition = Definition(text_of(self.file.first(f"{self._prefix}title")))
        for question in sorted(self._questions.values(), key=_order):
            _add(definition, question)
        if self.file.first(f"{self._prefix}description"):
            definition.left_out.append("The description of the form.")
        return definition if self._questions else None

    def _take(self, record: Record, answer: Any) -> None:
        id_ = answer.get("questionId")
        question = self._questions.get(id_, {})
        name = self.names.get(str(id_)) or text_of(question.get("text")) or f"question {id_}"
        value = answer.get("text")
        if question.get("type") == "file":
            record.not_taken.append((name, FILE_URL, value))
        if name not in record.values:
            record.values[name] = value
        elif isinstance(record.values[name], list):
            record.values[name].append(value)
        else:
            record.values[name] = [record.values[name], value]

    @cached_property
    def _prefix(self) -> str:
        return "ocs.data." if any(path.startswith("ocs.data") for path in self.file.paths) else ""

    @cached_property
    def _questions(self) -> dict[Any, dict[str, Any]]:
        rows = self.file.items(f"{self._prefix}questions.item")
        return {row.value.get("id"): row.value for row in rows if isinstance(row.value, dict)}


class NextcloudCSV(CSVSource):
    """Columns `User display name` and `Timestamp`, then one for each question."""

    name = "nextcloud-csv"
    label = "Nextcloud Forms CSV"
    times = ("timestamp",)
    meta = ("user id", "user display name")
    has_field_names = False

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return {"user display name", "timestamp"} <= {name.casefold() for name in file.header}


def _order(question: dict[str, Any]) -> float:
    order = question.get("order")
    return order if isinstance(order, int | float) else 0


def _add(definition: Definition, question: dict[str, Any]) -> None:
    kind, label = question.get("type"), text_of(question.get("text"))
    if kind not in TYPES:
        definition.skip(label, kind)
        return
    extra = as_dict(question.get("extraSettings"))
    type_ = SHORT_TYPES.get(str(extra.get("validationType")), "text") if kind == "short" else TYPES[kind]
    rules: dict[str, Any] = {}
    if kind == "linearscale":
        rules = {"min": extra.get("optionsLowest", 1), "max": extra.get("optionsHighest", 5)}
    if extra.get("validationType") == "regex":
        definition.left_out.append(f"{label}: the pattern; other services' patterns may mean something else here.")
    definition.add(
        Question(
            type_,
            label,
            ids=(question.get("id"),),
            name=text_of(question.get("name")),
            help=text_of(question.get("description")),
            choices=[text_of(option.get("text")) for option in as_list(question.get("options"))],
            required=bool(question.get("isRequired")),
            rules=rules,
        )
    )
