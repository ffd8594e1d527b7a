"""Base classes of the services whose exports can be imported."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import ClassVar

from forms_service.imports.sources.definitions import Definition, from_columns
from forms_service.imports.sources.files import ImportFile, Progress
from forms_service.imports.sources.records import Record

FILE_URL = "Files are not imported. The address or name of the file is kept as text."


class Source(ABC):
    """The exports of one service, in one of its file formats."""

    name: ClassVar[str]
    label: ClassVar[str]
    """For people."""

    def __init__(self, file: ImportFile) -> None:
        self.file = file
        self.names: Mapping[str, str] = {}
        """The other service's id of a question → name of our field, from a definition."""

    @classmethod
    @abstractmethod
    def matches(cls, file: ImportFile) -> bool:
        """Whether the file has the shape of this format."""

    def records(self, progress: Progress) -> Iterator[Record]:
        """Yield answers; none for a file that only defines a form."""
        return iter(())

    def definition(self) -> Definition | None:
        """Return the form that the file describes, or None."""
        return None


class CSVSource(Source):
    """Rows of CSV, of which some columns say something about the answer."""

    times: ClassVar[Sequence[str]] = ()
    """Case-folded columns of its time, the best first."""

    ids: ClassVar[Sequence[str]] = ()
    meta: ClassVar[Sequence[str]] = ()
    """Columns of the visitor's device and of the other service's own work."""

    has_field_names = True
    """Whether columns have the names of HTML fields, not the words of questions."""

    time_column: str | None = None
    """Chosen by the operator."""

    chosen: Collection[str] = ()
    """Columns that the operator maps, whatever they usually mean."""

    @classmethod
    def folded(cls, file: ImportFile) -> dict[str, str]:
        return {name.casefold(): name for name in reversed(file.header)}

    def records(self, progress: Progress) -> Iterator[Record]:
        time, id_ = self._time_column(), self._first_of(self.ids)
        special = {time, id_, *self.meta_columns()} - set(self.chosen)
        for row in self.file.csv_rows(progress):
            cells = {name: cell for name, cell in row.value.items() if cell}
            record = Record(row.line, sent_at=cells.get(time), time_name=time, id=cells.get(id_))
            record.values = {name: cell for name, cell in cells.items() if name not in special}
            self.refine(record, cells)
            yield record

    def refine(self, record: Record, cells: dict[str, str]) -> None:
        """Set the parts of a record that only this service exports."""

    def definition(self) -> Definition | None:
        special = {self._time_column(), self._first_of(self.ids), *self.meta_columns()}
        names = [name for name in self.file.header if name not in special]
        return from_columns(names, are_names=self.has_field_names)

    def meta_columns(self) -> list[str]:
        folded = self.folded(self.file)
        return [folded[name] for name in self.meta if name in folded]

    def _time_column(self) -> str:
        if self.time_column and self.time_column not in self.file.header:
            raise ValueError(f"The file has no column {self.time_column}. It has: {', '.join(self.file.header)}")
        return self.time_column or self._first_of(self.times)

    def _first_of(self, names: Sequence[str]) -> str:
        folded = self.folded(self.file)
        return next((folded[name] for name in names if name in folded), "")
