"""A workbook (XLSX) that is sent while it is made: nothing of it lies in a file meanwhile.

XlsxWriter would put the rows as plain text into named temporary files, and in its constant-memory mode takes a value
that begins with `<r>` and ends with `</r>` for XML of its own: a formula, if the sender likes. A table of text needs
few elements (ECMA-376, 18.3).
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

MOST_ROWS = 1_048_576
"""Rows of a sheet, the headings among them; a further sheet holds what is left."""

MOST_XML = 2**31 - 2**26
"""Bytes of a sheet, so that the ZIP needs no extensions, which not every reader of workbooks knows."""

LONGEST_CELL = 32_767
"""Characters in UTF-16 that Excel takes in a cell."""

CUT = "… (cut here: JSON Lines has all of it)"
CHUNK = 65_536

NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
"""What XML cannot hold or would change, and what reads like the way in which that is written (`_x0007_`)."""

PLAIN = re.compile("[^&<>_\x00-\x08\x0b-\x1f\ufffe\uffff]*\\Z")
"""Text that can stand as it is, as most can."""

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class _Pipe:
    """Where the ZIP is written to, so that it can be sent on."""

    def __init__(self) -> None:
        self._written = bytearray()

    def __len__(self) -> int:
        return len(self._written)

    def write(self, data: bytes) -> int:
        """Take it."""
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def read(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self._written)
        self._written.clear()
        return data


def workbook(headings: Sequence[str], rows: Iterator[Sequence[Any]]) -> Iterator[bytes]:
    """The bytes of a workbook with these rows, all of them text."""
    pipe, sheets, row = _Pipe(), 0, next(rows, None)
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:  # type: ignore[call-overload]
        while row is not None or not sheets:
            sheets += 1
            with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w") as sheet:
                number = 1
                size = sheet.write(f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{_row(1, headings)}'.encode())
                while row is not None and number < MOST_ROWS and size < MOST_XML:
                    number += 1
                    size += sheet.write(_row(number, row).encode())
                    if len(pipe) > CHUNK:
                        yield pipe.read()
                    row = next(rows, None)
                sheet.write(b"</sheetData></worksheet>")
        for name, text in _frame(range(1, sheets + 1)).items():
            archive.writestr(name, HEAD + text)
    yield pipe.read()


def _row(number: int, cells: Sequence[Any]) -> str:
    filled = [(column, str(cell)) for column, cell in enumerate(cells) if cell != ""]
    inner = "".join(
        f'<c r="{_letters(column)}{number}" t="inlineStr"><is><t xml:space="preserve">{_text(text)}</t></is></c>'
        for column, text in filled
    )
    return f'<row r="{number}">{inner}</row>'


@cache
def _letters(column: int) -> str:
    """A, B … Z, AA …"""
    first, last = divmod(column, 26)
    return (_letters(first - 1) if first else "") + chr(ord("A") + last)


def _text(text: str) -> str:
    if len(text) > LONGEST_CELL // 2:
        units = text.encode("utf-16-le")
        if len(units) > 2 * LONGEST_CELL:
            text = units[: 2 * (LONGEST_CELL - len(CUT))].decode("utf-16-le", "ignore") + CUT
    if PLAIN.match(text):
        return text
    return NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", escape(text))


def _frame(sheets: Iterable[int]) -> dict[str, str]:
    """The other parts: what there is, and where."""
    numbers = list(sheets)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{TYPES}.worksheet+xml"/>'
        for number in numbers
    )
    named = "".join(f'<sheet name="Submissions {number}" sheetId="{number}" r:id="r{number}"/>' for number in numbers)
    targets = "".join(
        f'<Relationship Id="r{number}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml"'
        f' ContentType="{TYPES}.sheet.main+xml"/>{overrides}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{named}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{targets}</Relationships>',
    }
