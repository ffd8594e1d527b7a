"""Typeform: forms, responses, and CSV."""

import re
from collections.abc import Iterator
from typing import Any

from forms_service.imports.sources.base import FILE_URL, CSVSource, Source
from forms_service.imports.sources.definitions import Definition, Question, as_dict, as_list, text_of
from forms_service.imports.sources.files import ImportFile, Progress
from forms_service.imports.sources.records import Record

TYPES = {
    "short_text": "text",
    "long_text": "textarea",
    "email": "email",
    "phone_number": "tel",
    "website": "url",
    "number": "number",
    "date": "date",
    "yes_no": "radio",
    "legal": "consent",
    "dropdown": "select",
    "multiple_choice": "radio",
    "picture_choice": "radio",
    "opinion_scale": "integer",
    "nps": "integer",
    "rating": "integer",
    "file_upload": "file",
    "ranking": "text",
}
GROUPS = ("group", "inline_group", "contact_info", "address")
WORDED_REF = re.compile(r"[a-z][a-z]*([_-][a-z0-9]+)*", re.IGNORECASE)
"""A ref that a person chose; Typeform's own are UUIDs and ULIDs."""

MAX_WORDED_REF = 40
PAYMENT = "Payments are not imported."


class TypeformDefinition(Source):
    """`GET /forms/{form_id}` of the Create API: `title` and `fields`.

    Documented at https://www.typeform.com/developers/create/reference/retrieve-form/
    """

    name = "typeform-form"
    label = "Typeform form"

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return {"fields.item.type", "fields.item.title"} <= file.paths

    def definition(self) -> Definition | None:
        definition = Definition(text_of(self.file.first("title")))
        for row in self.file.items("fields.item"):
            _add(definition, as_dict(row.value))
        for row in self.file.items("hidden.item"):
            definition.add(Question("hidden", str(row.value), (f"hidden:{row.value}",), str(row.value)))
        if self.file.first("logic.item"):
            definition.left_out.append("Logic jumps: the form shows all questions.")
        screens = [row for part in ("welcome_screens", "thankyou_screens") for row in self.file.items(f"{part}.item")]
        if screens:
            definition.left_out.append("Welcome and thank-you screens: see the settings `thanks`.")
        return definition


class TypeformJSON(Source):
    """`GET /forms/{form_id}/responses` of the Responses API: `items` with `answers`.

    Documented at https://www.typeform.com/developers/responses/JSON-response-explanation/
    """

    name = "typeform-json"
    label = "Typeform responses"

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return "items.item.landed_at" in file.paths or "items.item.answers.item.field.id" in file.paths

    def records(self, progress: Progress) -> Iterator[Record]:
        for number, value in self.file.items("items.item", progress):
            response = as_dict(value)
            record = Record(number, id=str(response.get("token") or response.get("response_id") or "") or None)
            record.time_name = "submitted_at" if response.get("submitted_at") else "landed_at"
            record.sent_at = response.get(record.time_name)
            for name, item in as_dict(response.get("hidden")).items():
                record.values[self.names.get(f"hidden:{name}", name)] = item
            for answer in as_list(response.get("answers")):
                self._take(record, answer)
            score = as_dict(response.get("calculated")).get("score")
            if score:
                record.not_taken.append(("score", "Calculated scores are not imported.", score))
            yield record

    def _take(self, record: Record, answer: Any) -> None:
        field = as_dict(answer.get("field"))
        ref, id_ = field.get("ref"), field.get("id")
        name = self.names.get(str(ref)) or self.names.get(str(id_)) or str(ref or id_)
        kind = str(answer.get("type"))
        if kind == "payment":
            record.not_taken.append((name, PAYMENT, ""))
            return
        record.values[name] = _value(kind, answer.get(kind), field.get("type"))
        if kind == "file_url":
            record.not_taken.append((name, FILE_URL, record.values[name]))


class TypeformCSV(CSVSource):
    """Column `#` is the response's token; questions; `Start Date (UTC)`, `Submit Date (UTC)`, `Network ID`.

    Described at https://help.typeform.com/hc/en-us/articles/360029259212
    """

    name = "typeform-csv"
    label = "Typeform CSV"
    times = ("submit date (utc)", "start date (utc)")
    ids = ("#",)
    meta = ("start date (utc)", "stage date (utc)", "submit date (utc)", "network id", "response type", "tags")
    has_field_names = False

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return "submit date (utc)" in {name.casefold() for name in file.header}

    def refine(self, record: Record, cells: dict[str, str]) -> None:
        if isinstance(record.sent_at, str) and record.time_name.endswith("(UTC)"):
            record.sent_at = f"{record.sent_at} UTC"


def _value(kind: str, value: Any, field_type: object) -> Any:
    if kind == "choice":
        choice = as_dict(value)
        return choice.get("label") or choice.get("other")
    if kind == "choices":
        choices = as_dict(value)
        labels = choices.get("labels")
        return [*(labels if isinstance(labels, list) else ()), *filter(None, [choices.get("other")])]
    if kind == "boolean":
        return ("Yes" if value else "No") if field_type == "yes_no" else bool(value)
    if kind == "date" and isinstance(value, str):
        return value[: len("2026-11-24")]
    return value


def _add(definition: Definition, field: Any) -> None:
    kind, label = str(field.get("type")), text_of(field.get("title"))
    properties = as_dict(field.get("properties"))
    if kind in GROUPS:
        for inner in as_list(properties.get("fields")):
            _add(definition, inner)
        return
    if kind not in TYPES:
        definition.skip(label, kind)
        return
    type_, choices = TYPES[kind], [text_of(choice.get("label")) for choice in as_list(properties.get("choices"))]
    if kind == "yes_no":
        choices = ["Yes", "No"]
    if properties.get("allow_multiple_selection"):
        type_ = "multiselect"
    if properties.get("allow_other_choice"):
        definition.left_out.append(f"{label}: the choice “Other” with a text.")
    if kind == "ranking":
        definition.left_out.append(f"{label}: the order of choices. It became a text field.")
    validations, ref = as_dict(field.get("validations")), str(field.get("ref") or "")
    definition.add(
        Question(
            type_,
            label,
            ids=(field.get("ref"), field.get("id")),
            name=ref if len(ref) <= MAX_WORDED_REF and WORDED_REF.fullmatch(ref) else "",
            help=text_of(properties.get("description")),
            choices=choices,
            required=bool(validations.get("required")),
            rules=_rules(type_, kind, properties, validations),
        )
    )


def _rules(type_: str, kind: str, properties: Any, validations: Any) -> dict[str, Any]:
    if type_ == "integer":
        first = 0 if kind == "nps" else int(kind == "rating" or properties.get("start_at_one") is not False)
        steps = properties.get("steps")
        return {"min": first, "max": first + steps - 1} if isinstance(steps, int) and steps > 1 else {"min": first}
    if type_ == "number":
        bounds = {"min": validations.get("min_value"), "max": validations.get("max_value")}
        return {name: bound for name, bound in bounds.items() if isinstance(bound, int | float)}
    longest = validations.get("max_length")
    return {"max_length": longest} if type_ in ("text", "textarea") and isinstance(longest, int) and longest > 0 else {}
