"""Streams XLSX workbooks (ECMA-376, 18.3).

XlsxWriter and openpyxl write rows in clear to temporary files; XlsxWriter also takes `<r>…</r>` for XML, so senders
could inject formulas.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from xml.sax.saxutils import escape

from forms_service.inbox.cells import Cell
from forms_service.inbox.xlsx_parts import (
    DATE,
    DATETIME,
    HEAD,
    HEADING,
    LINES,
    MAIN,
    TIME,
    cell_range,
    column_letters,
    workbook_parts,
)

MAX_ROWS = 1_048_576
"""Excel's; further rows start another sheet."""

MAX_XML = 2**31 - 2**26
"""Bytes; larger needs ZIP64, which some readers lack."""

MAX_CELL_LENGTH = 32_767
"""UTF-16 code units, Excel's limit."""

TRUNCATED = "… (truncated; the JSON Lines export has the full text)"
CHUNK = 65_536

NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Forbidden in XML."""

ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Excel would decode `_x0041_`."""

PLAIN_TEXT = re.compile("[^&<>_\r\x00-\x08\x0b-\x1f\ufffe\uffff]*\\Z")
"""Fast path: nothing to escape."""

EPOCH = date(1899, 12, 30)
DAY = timedelta(days=1)


class _Pipe:
    def __init__(self) -> None:
        self._written = bytearray()

    def __len__(self) -> int:
        return len(self._written)

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Required by `zipfile`."""

    def read(self) -> bytes:
        data = bytes(self._written)
        self._written.clear()
        return data


def stream_workbook(headings: Sequence[str], widths: Sequence[int], rows: Iterator[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield a workbook; widths are in characters."""
    pipe, row = _Pipe(), next(rows, None)
    lengths: list[int] = []
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:  # type: ignore[call-overload]
        while row is not None or not lengths:
            with archive.open(f"xl/worksheets/sheet{len(lengths) + 1}.xml", "w") as sheet:
                number = 1
                size = sheet.write(_sheet_start(headings, widths).encode())
                while row is not None and number < MAX_ROWS and size < MAX_XML:
                    number += 1
                    size += sheet.write(_row(number, row).encode())
                    if len(pipe) > CHUNK:
                        yield pipe.read()
                    row = next(rows, None)
                sheet.write(f'</sheetData><autoFilter ref="{cell_range(len(headings), number)}"/></worksheet>'.encode())
            lengths.append(number)
        for name, text in workbook_parts(lengths, len(headings)).items():
            archive.writestr(name, HEAD + text)
    yield pipe.read()


def _sheet_start(headings: Sequence[str], widths: Sequence[int]) -> str:
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(widths, start=1)
    )
    cells = "".join(_cell(f"{column_letters(column)}1", heading, HEADING) for column, heading in enumerate(headings))
    return (
        f'{HEAD}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" '
        f'topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>{columns}</cols>'
        f'<sheetData><row r="1">{cells}</row>'
    )


def _row(number: int, cells: Sequence[Cell]) -> str:
    filled = "".join(
        _cell(f"{column_letters(column)}{number}", cell) for column, cell in enumerate(cells) if cell != ""
    )
    return f'<row r="{number}">{filled}</row>'


def _cell(place: str, cell: Cell, style: int = 0) -> str:
    if isinstance(cell, str):
        text = _text(cell)
        style = style or (LINES if "\n" in text else 0)
        return f'<c r="{place}"{_style(style)} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{cell:d}</v></c>'
    if isinstance(cell, int | float):
        return f'<c r="{place}"><v>{cell!r}</v></c>'
    kind = DATETIME if isinstance(cell, datetime) else DATE if isinstance(cell, date) else TIME
    return f'<c r="{place}"{_style(kind)}><v>{_serial(cell)!r}</v></c>'


@cache
def _style(number: int) -> str:
    return f' s="{number}"' if number else ""


def _serial(moment: date | timedelta) -> float:
    if isinstance(moment, timedelta):
        return moment / DAY
    if isinstance(moment, datetime):
        midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        return _serial(midnight.date()) + (moment - midnight) / DAY
    return (moment - EPOCH).days


def _text(text: str) -> str:
    if len(text) > MAX_CELL_LENGTH // 2:
        units = text.encode("utf-16-le")
        if len(units) > 2 * MAX_CELL_LENGTH:
            text = units[: 2 * (MAX_CELL_LENGTH - len(TRUNCATED))].decode("utf-16-le", "ignore") + TRUNCATED
    if PLAIN_TEXT.match(text):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # a line break in a cell is one character
    return ESCAPED.sub("_x005F_", NOT_XML.sub("\ufffd", escape(text)))
