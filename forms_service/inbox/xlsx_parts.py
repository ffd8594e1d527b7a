"""Fixed parts of a workbook."""

from collections.abc import Sequence
from functools import cache

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"

HEADING, DATE, DATETIME, TIME, LINES = range(1, 6)
"""Indexes into STYLES; LINES is multi-line text."""

FORMATS = {164: "yyyy\\-mm\\-dd", 165: "yyyy\\-mm\\-dd hh:mm:ss", 166: "hh:mm:ss"}

STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="{len(FORMATS)}">'
    + "".join(f'<numFmt numFmtId="{number}" formatCode="{code}"/>' for number, code in FORMATS.items())
    + '</numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/>'
    '<name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill>'
    '<patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/>'
    '<diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
    '</cellStyleXfs><cellXfs count="6"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    + "".join(
        f'<xf numFmtId="{number}" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        for number in FORMATS
    )
    + '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1"><alignment vertical="top" '
    'wrapText="1"/></xf></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    "</styleSheet>"
)


@cache
def column_letters(column: int) -> str:
    """Format as A, Z, AA."""
    first, last = divmod(column, 26)
    return (column_letters(first - 1) if first else "") + chr(ord("A") + last)


def cell_range(columns: int, rows: int, fixed: str = "") -> str:
    """Return an absolute range with `fixed="$"`."""
    return f"{fixed}A{fixed}1:{fixed}{column_letters(columns - 1)}{fixed}{rows}"


def workbook_parts(lengths: Sequence[int], columns: int) -> dict[str, str]:
    """Return file name → XML, without the sheets."""
    numbers = range(1, len(lengths) + 1)
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" ContentType="{TYPES}.worksheet+xml"/>'
        for number in numbers
    )
    sheets = "".join(f'<sheet name="{_name(number)}" sheetId="{number}" r:id="r{number}"/>' for number in numbers)
    filters = "".join(
        f'<definedName name="_xlnm._FilterDatabase" localSheetId="{number - 1}" hidden="1">'
        f"'{_name(number)}'!{cell_range(columns, rows, '$')}</definedName>"
        for number, rows in zip(numbers, lengths, strict=True)
    )
    targets = "".join(
        f'<Relationship Id="r{number}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml"'
        f' ContentType="{TYPES}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="{TYPES}.styles+xml"/>'
        f"{overrides}</Types>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><bookViews><workbookView/></bookViews>'
        f"<sheets>{sheets}</sheets><definedNames>{filters}</definedNames></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{targets}'
        f'<Relationship Id="styles" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": STYLES,
    }


def _name(sheet: int) -> str:
    return f"Submissions {sheet}"
