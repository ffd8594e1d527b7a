"""CSV with protection against formula injection, and JSON Lines."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

BOM = "\ufeff"
"""Marks UTF-8 for Excel."""

TRIGGERS = (
    r"=+\-@|%\u2013\u2212\u207a-\u207c\u208a-\u208c\ufb29\ufe62\ufe63\ufe66\ufe6a\ufe6b\uff05\uff0b\uff0d\uff1d\uff20"
    r"\uff5c"
)
"""Start a formula; includes compatibility variants."""

IGNORED = (
    r'"\x00-\x08\x0b\x0c\x0e-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f'
    r"\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Skipped before a formula; includes Unicode's Default_Ignorable_Code_Point."""

NUMBER = r"[+-]?(?:[0-9]+(?:[.,][0-9]+)*|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
PHONE = r"\+[0-9](?:[ ().\-/]{0,3}[0-9]){2,19}"
PLAIN_NUMBER = rf" *(?:{NUMBER}|{PHONE}) *(?=[;\t\r\n]|\Z)"
"""Numbers and telephone numbers cannot run anything."""

FORMULA = rf"(?=[{IGNORED}]*[{TRIGGERS}])(?!{PLAIN_NUMBER})"
AT_START = re.compile(rf"[\t\r\n]|{FORMULA}")
AFTER_SEPARATOR = re.compile(rf"[;\t\r\n]{FORMULA}")
"""With decimal commas, Excel splits at semicolons, even quoted ones."""

ENCODE = json.JSONEncoder(ensure_ascii=False).encode

PLAIN = re.compile(rf"(?!{FORMULA})[^;\t\r\n]*\Z")
"""Fast path: nothing to escape."""


def format_csv(rows: Iterable[Sequence[Any]]) -> str:
    """Return CSV (RFC 4180), with an apostrophe before formulas."""
    text = io.StringIO()
    csv.writer(text).writerows([_escape_formula(cell) for cell in row] for row in rows)
    return text.getvalue()


def format_json_lines(submissions: Iterable[Any]) -> str:
    return "".join(f"{ENCODE(submission)}\n" for submission in submissions)


def _escape_formula(cell: Any) -> Any:
    if not isinstance(cell, str) or PLAIN.match(cell):
        return cell
    text = AFTER_SEPARATOR.sub(r"\g<0>'", cell)
    return f"'{text}" if AT_START.match(text) else text
