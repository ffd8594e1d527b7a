"""Google Forms, and tables or lists of any other service."""

from collections.abc import Iterator

from forms_service.imports.sources.base import CSVSource, Source
from forms_service.imports.sources.definitions import Definition, as_dict, from_columns
from forms_service.imports.sources.files import ImportFile, Progress, Row
from forms_service.imports.sources.records import Record

TIMESTAMPS = (
    "timestamp",
    "zeitstempel",
    "horodateur",
    "marca temporal",
    "carimbo de data/hora",
    "informazioni cronologiche",
    "tijdstempel",
    "sygnatura czasowa",
    "отметка времени",
    "タイムスタンプ",
    "时间戳记",
)
"""Google's first column, by the language of the form's owner."""

TIMES = ("created_at", "submitted_at", "created at", "submitted at", "submission date", "date submitted", "timestamp")


class GoogleFormsCSV(CSVSource):
    """Column `Timestamp`, then one for each question; ticked boxes are joined by `;` or `, `.

    Described at https://support.google.com/docs/answer/2917686
    """

    name = "google-csv"
    label = "Google Forms CSV"
    times = TIMESTAMPS
    has_field_names = False

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return bool(file.header) and file.header[0].casefold() in TIMESTAMPS


class AnyCSV(CSVSource):
    """A table whose columns are fields."""

    name = "csv"
    label = "CSV"
    times = TIMES

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return not file.is_json


class AnyJSON(Source):
    """A list of JSON objects whose members are fields."""

    name = "json"
    label = "JSON"

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return "item" in file.paths and any(path.startswith("item.") for path in file.paths)

    def records(self, progress: Progress) -> Iterator[Record]:
        return map(_record, self.rows(progress))

    def rows(self, progress: Progress) -> Iterator[Row]:
        return self.file.items("item", progress)

    def definition(self) -> Definition | None:
        first = as_dict(next(self.rows(lambda _: None)).value)
        return from_columns([name for name in first if name.casefold() not in TIMES], are_names=True)


class AnyJSONLines(AnyJSON):
    """Lines of JSON objects whose members are fields."""

    name = "jsonl"
    label = "JSON Lines"

    @classmethod
    def matches(cls, file: ImportFile) -> bool:
        return file.is_json_lines

    def rows(self, progress: Progress) -> Iterator[Row]:
        return self.file.json_lines(progress)


def _record(row: Row) -> Record:
    if not isinstance(row.value, dict):
        return Record(row.line, fault=str(row.value))
    values = dict(row.value)
    time = next((name for name in values if name.casefold() in TIMES), "")
    return Record(row.line, sent_at=values.pop(time, None), time_name=time, values=values)
