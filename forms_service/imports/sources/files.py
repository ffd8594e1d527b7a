"""Files to import: their encoding, and rows of CSV, JSON and JSON Lines in flat memory."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO, NamedTuple, cast

import ijson

from forms_service.errors import ApiError
from forms_service.web.charsets import find_encoding
from forms_service.web.json_reader import MAX_DEPTH, read_form_json

CHUNK = 2**20
MAX_LINE = 4 * 2**20
"""Characters of a CSV value, and bytes of a line of JSON."""

MAX_EVENTS = 20_000
"""JSON events read to recognize the shape of a document."""

MAX_COLUMNS = 10_000
DELIMITERS = (",", ";", "\t", "|")
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

Progress = Callable[[int], None]
"""Called with the position in the file, in bytes."""


class Row(NamedTuple):
    """A line, or the number of an item in a JSON document, and what is there."""

    line: int
    value: Any


class ImportFile:
    """A file whose rows can be read several times.

    :raises ValueError: by all methods, for a file that is not what it seems to be
    """

    def __init__(self, path: str, encoding: str | None = None) -> None:
        self.path = path
        self.encoding = _checked_encoding(encoding) if encoding else _detect_encoding(path)
        with self._text() as text:
            start = text.read(CHUNK)
        self.is_json = start.lstrip()[:1] in ("{", "[")
        self.is_json_lines = self.is_json and _looks_like_lines(start)
        self.header: list[str] = [] if self.is_json else self._read_header(start)
        self.paths: frozenset[str] = self._outline() if self.is_json else frozenset()

    def csv_rows(self, progress: Progress) -> Iterator[Row]:
        """Yield name → cell; cells beyond the header are named by their column."""
        with self._text() as text, _long_cells():
            reader = self._reader(text)
            next(reader, None)
            while True:
                line = reader.line_num + 1
                try:
                    cells = next(reader, None)
                except csv.Error as error:
                    raise ValueError(f"Line {line} is not valid CSV: {error}. Is a quotation mark missing?") from error
                if cells is None:
                    return
                names = [*self.header, *(f"column {number + 1}" for number in range(len(self.header), len(cells)))]
                yield Row(line, dict(zip(names, cells, strict=False)))
                progress(cast("BinaryIO", text.buffer).tell())

    def json_lines(self, progress: Progress) -> Iterator[Row]:
        """Yield objects, and a ValueError in place of each line that is none."""
        with open(self.path, "rb") as raw:
            stream: Any = raw if self.encoding.startswith("utf-8") else _Utf8(raw, self.encoding)
            for line in range(1, 2**62):
                text = stream.readline(MAX_LINE + 1)
                if not text:
                    return
                if len(text) > MAX_LINE:
                    raise ValueError(f"Line {line} is longer than {MAX_LINE // 2**20} MiB.")
                if text.strip(b" \t\r\n\xef\xbb\xbf"):
                    yield Row(line, _read_line(text))
                progress(raw.tell())

    def items(self, prefix: str, progress: Progress = lambda _: None) -> Iterator[Row]:
        """Yield the values of a JSON document at a path, such as `items.item`."""
        with open(self.path, "rb") as raw:
            events = ijson.parse(_shallow(ijson.basic_parse(_Utf8(raw, self.encoding), use_float=True)))
            try:
                for number, value in enumerate(ijson.items(events, prefix), 1):
                    yield Row(number, value)
                    progress(raw.tell())
            except (ijson.JSONError, RecursionError, OverflowError) as error:
                raise ValueError(f"Not valid JSON, near byte {raw.tell():,}: {error}") from error

    def first(self, prefix: str) -> Any:
        """Return the first value at a path, or None."""
        return next((row.value for row in self.items(prefix)), None)

    def _text(self) -> io.TextIOWrapper:
        return open(self.path, encoding=self.encoding, errors="replace", newline="")

    def _reader(self, lines: Iterator[str]) -> Any:
        return csv.reader(lines, delimiter=self._delimiter, strict=False)

    def _read_header(self, start: str) -> list[str]:
        with _long_cells():
            try:
                rows = [(next(csv.reader(io.StringIO(start, newline=""), delimiter=d), []), d) for d in DELIMITERS]
            except csv.Error as error:
                raise ValueError(f"Line 1 is not valid CSV: {error}.") from error
        cells, self._delimiter = max(rows, key=lambda row: len(row[0]))
        if not any(cell.strip() for cell in cells):
            raise ValueError("The file begins with an empty line. Its first line must name the columns.")
        if len(cells) > MAX_COLUMNS:
            raise ValueError(f"The file has more than {MAX_COLUMNS:,} columns.")
        return _unique([cell.strip() or f"column {number}" for number, cell in enumerate(cells, 1)])

    def _outline(self) -> frozenset[str]:
        if self.is_json_lines:
            first = next(self.json_lines(lambda _: None)).value
            return frozenset(first) if isinstance(first, dict) else frozenset()
        with open(self.path, "rb") as raw:
            try:
                return frozenset(_paths(_shallow(ijson.basic_parse(_Utf8(raw, self.encoding)))))
            except ijson.JSONError as error:
                raise ValueError(f"Not valid JSON: {error}") from error


class _Utf8:
    """Reads text of any encoding as UTF-8 without a byte order mark."""

    def __init__(self, raw: BinaryIO, encoding: str) -> None:
        self._raw = raw
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._rest = b""

    def read(self, size: int) -> bytes:
        while not self._rest:
            chunk = self._raw.read(size or 1)
            self._rest = self._decoder.decode(chunk, final=not chunk).encode("utf-8", "replace")
            if not chunk:
                break
        result, self._rest = self._rest[:size], self._rest[size:]
        return result

    def readline(self, limit: int) -> bytes:
        line = b""
        while b"\n" not in line and len(line) < limit:
            chunk = self.read(CHUNK)
            if not chunk:
                return line
            line += chunk
        end = min(line.find(b"\n") + 1 or limit, limit)
        self._rest = line[end:] + self._rest
        return line[:end]


class _long_cells:  # noqa: N801 (a context manager)
    """Raises the limit of csv, which is the process's, to MAX_LINE."""

    def __enter__(self) -> None:
        self._before = csv.field_size_limit(MAX_LINE)

    def __exit__(self, *_: object) -> None:
        csv.field_size_limit(self._before)


def _shallow(events: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Pass events on; the path that ijson builds for each would otherwise grow with the depth."""
    depth = 0
    for event in events:
        if event[0] in ("start_map", "start_array"):
            depth += 1
        elif event[0] in ("end_map", "end_array"):
            depth -= 1
        if depth > MAX_DEPTH:
            raise ValueError(f"Not valid JSON for an import: nested deeper than {MAX_DEPTH} levels.")
        yield event


def _paths(events: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Yield the paths of the first MAX_EVENTS, as ijson names them."""
    steps: list[str] = []
    for event, value in islice(events, MAX_EVENTS):
        if event in ("start_map", "start_array"):
            steps.append("item" if event == "start_array" else "")
        elif event in ("end_map", "end_array"):
            steps.pop()
        elif event == "map_key":
            steps[-1] = value
        yield ".".join(filter(None, steps))


def _read_line(text: bytes) -> Any:
    try:
        value = read_form_json(text)
    except ApiError as error:
        return ValueError(error.message)
    return value if isinstance(value, dict) else ValueError("This line is not a JSON object.")


def _looks_like_lines(start: str) -> bool:
    """Whether the second line begins another object; documents may be one long line."""
    first, _, rest = start.lstrip("\ufeff \t\r\n").partition("\n")
    return first.rstrip().endswith("}") and first.startswith("{") and rest.lstrip().startswith("{")


def _checked_encoding(label: str) -> str:
    if find_encoding(label) is None and label.lower() not in ("ascii", "utf-8-sig", "utf-32"):
        raise ValueError(f"Unknown encoding: {label}. Examples: utf-8, utf-16, windows-1252, shift_jis")
    return codecs.lookup(label).name


def _detect_encoding(path: str) -> str:
    with open(path, "rb") as file:
        start = file.read(4096)
        if not start:
            raise ValueError("The file is empty.")
        for bom, name in BOMS:
            if start.startswith(bom):
                return name
        zeros = [start[offset::2].count(0) for offset in (0, 1)]
        if max(zeros) > len(start) // 4:
            return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _unique(names: Sequence[str]) -> list[str]:
    """Number repeated column names: `Name`, `Name (2)`."""
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        seen[name] += 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result
