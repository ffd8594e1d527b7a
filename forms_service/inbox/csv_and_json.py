"""CSV and JSON Lines, and what makes a cell harmless."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

BOM = "\ufeff"
"""By which Excel knows UTF-8."""

TRIGGERS = (
    r"=+\-@|%\u2013\u2212\u207a-\u207c\u208a-\u208c\ufb29\ufe62\ufe63\ufe66\ufe6a\ufe6b\uff05\uff0b\uff0d\uff1d\uff20"
    r"\uff5c"
)
"""What makes a spreadsheet take a cell for a formula, also in the shapes that are folded to these."""

IGNORED = (
    r'"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f'
    r"\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""What a spreadsheet may pass over before that: quotes, controls, white space, and all that leaves no mark (Unicode's
Default_Ignorable_Code_Point).
"""

NUMBER = r"[+-]?(?:[0-9]+(?:[.,][0-9]+)*|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
PHONE = r"\+[0-9](?:[ ().\-/]{0,3}[0-9]){2,19}"
PLAIN_NUMBER = rf" *(?:{NUMBER}|{PHONE}) *(?=[;\t\r\n]|\Z)"
"""A number or a telephone number with nothing else: digits run nothing."""

FORMULA = rf"(?=[{IGNORED}]*[{TRIGGERS}])(?!{PLAIN_NUMBER})"
AT_START = re.compile(rf"[\t\r\n]|{FORMULA}")
AFTER_SEPARATOR = re.compile(rf"[;\t\r\n]{FORMULA}")
"""Where a cell would be run: at its start, and behind what another reader of the file takes for its end. Excel splits
at semicolons where decimals have commas, and then heeds neither commas nor the quotes behind them.
"""

ENCODE = json.JSONEncoder(ensure_ascii=False).encode

PLAIN = re.compile(rf"(?!{FORMULA})[^;\t\r\n]*\Z")
"""What needs no closer look, as most does not."""


def format_csv(rows: Iterable[Sequence[Any]]) -> str:
    """Lines as RFC 4180 has them, in which no text is run: an apostrophe stands where it would be."""
    text = io.StringIO()
    csv.writer(text).writerows([_escape_formula(cell) for cell in row] for row in rows)
    return text.getvalue()


def format_json_lines(submissions: Iterable[Any]) -> str:
    """A line of JSON for each, exact to the letter."""
    return "".join(f"{ENCODE(submission)}\n" for submission in submissions)


def _escape_formula(cell: Any) -> Any:
    if not isinstance(cell, str) or PLAIN.match(cell):
        return cell
    text = AFTER_SEPARATOR.sub(r"\g<0>'", cell)
    return f"'{text}" if AT_START.match(text) else text
