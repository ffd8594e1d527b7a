"""Code that reads strangers' input takes time in proportion to it.

Each function is run on one hostile input at 1, 4, 16 and 64 times a size, and each size is compared with the one before
in the same run: four times the input is at most ten times the work. Quadratic code takes sixteen times as long.
Add a line to `WORK` for every function that is given what visitors send, with the worst that is known for it.
"""

import gc
import re
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import marshmallow as ma
import pytest

from forms_service.delivery import mail_headers
from forms_service.errors import ApiError
from forms_service.form_schema import conditions, text_templates
from forms_service.form_schema.compiler import compile_schema
from forms_service.form_schema.field_types import patterns
from forms_service.form_schema.settings import Blocklist
from forms_service.form_schema.text_templates import find_unknown_names
from forms_service.forms import mail_names
from forms_service.inbox import csv_and_json, folded_text
from forms_service.intake import origins
from forms_service.notifications import mail_subjects, mail_values
from forms_service.replies import excluded_addresses, quotation
from forms_service.spam import blocklist, checks
from forms_service.submissions import email_addresses
from forms_service.submissions.parsed_submission import ParsedSubmission
from forms_service.uploads import filenames
from forms_service.validation import datetimes, fields, text, urls, whitespace
from forms_service.web import downloads, form_data, json_reader, part_headers
from forms_service.web.charsets import decode
from forms_service.web.form_data import make_storable
from forms_service.web.multipart import read_parts
from tests.support.hostile_input import MARKS, Hostile, Work, filled, raw
from tests.support.webhook_work import WEBHOOK_WORK

pytestmark = pytest.mark.slow

TIMES = (1, 4, 16, 64)
MARGIN = 2.5
"""Times the growth of the input that the work may grow."""

LEAST = 0.0005
"""Seconds of work below which a measurement says nothing."""

ROUNDS = 4
"""A busy machine may spoil some; what is quadratic is so in each."""


def part(headers: bytes, content: bytes) -> bytes:
    return b'--X\r\nContent-Disposition: form-data; name="a"' + headers + b"\r\n\r\n" + content + b"\r\n--X--\r\n"


def multipart(unit: bytes, before: bytes = b"", headers: bytes = b"") -> Hostile:
    return lambda size: part(headers, before + unit * (size // len(unit)))


def in_header(unit: bytes, before: bytes = b"", after: bytes = b"") -> Hostile:
    return lambda size: part(before + unit * (size // len(unit)) + after, b"x")


def read_multipart(body: bytes) -> list[object]:
    """In pieces, as they come from the network."""
    pieces = (body[start : start + 1024] for start in range(0, len(body), 1024))
    return list(read_parts(pieces, "X"))


def decode_text(encoding: bytes) -> Callable[[bytes], bytes]:
    return lambda content: part_headers.Part(b"a", None, None, encoding).decode_text(content)


def decode_file(encoding: bytes) -> Callable[[bytes], object]:
    def run(content: bytes) -> object:
        file = part_headers.Part(b"a", b"f", None, encoding)
        return [file.decode(content[start : start + 1024]) for start in range(0, len(content), 1024)], file.finish()

    return run


def load(field: dict[str, Any]) -> Callable[[Any], object]:
    schema = compile_schema([{"name": "a", **field}])
    return lambda value: schema.load({"a": value})


WORDS = Blocklist((*(f"word{number} two" for number in range(50)), *(f"x-{number}!" for number in range(50)), "casino"))


def match_words(data: str) -> bool:
    return blocklist.matches(WORDS, ParsedSubmission(), [data])


def match_many(entry: str) -> Callable[[int], object]:
    """As many texts as entries."""

    def run(size: int) -> object:
        listed = Blocklist(tuple(entry.format(number) for number in range(size)))
        return blocklist.matches(listed, ParsedSubmission(), ["two b"] * size)

    return run


WORK: dict[str, Work] = {
    "JSON: a string that never ends": Work(json_reader.read_json, raw(b'\\"', b"[" * 65 + b'"')),
    "JSON: brackets": Work(json_reader.read_json, raw(b"[")),
    "JSON: lists": Work(json_reader.read_json, raw(b"[],", b"[", b"1]")),
    "JSON: depth": Work(json_reader.read_json, raw(b"[" * 50 + b"]" * 50 + b",", b"[", b"1]")),
    "JSON: keys": Work(json_reader.read_json, raw(b'"":1,', b"[{", b'"":1}]')),
    "JSON: zeros": Work(json_reader.read_json, raw(b"0.0,", b"[", b"1]")),
    "JSON: long numbers": Work(json_reader.read_json, raw(b"1" * 4000 + b",", b"[", b"1]")),
    "JSON: one long number": Work(json_reader.read_json, raw(b"1", b"[0.", b"]")),
    "JSON: half characters": Work(json_reader.read_json, raw(rb"\udc00", b'["', b'"]')),
    "form JSON: half characters": Work(json_reader.read_form_json, raw(rb"\ud800", b'{"a":"', b'"}')),
    "form JSON: commas": Work(json_reader.read_form_json, raw(b",", b"[")),
    "form JSON: doubled keys": Work(json_reader.read_form_json, raw(b'"a":[1],', b"{", b'"a":1}')),
    "form JSON: another encoding": Work(json_reader.read_form_json, raw(b"\xff", b'{"a":"', b'"}')),
    "urlencoded: escapes": Work(form_data.split_urlencoded, raw(b"%41", b"a=")),
    "urlencoded: broken escapes": Work(form_data.split_urlencoded, raw(b"%", b"a=")),
    "urlencoded: equals": Work(form_data.split_urlencoded, raw(b"=+", b"a%41=")),
    "text/plain: lines": Work(form_data.split_plain, raw(b"\n", b"a=b")),
    "text/plain: no fields": Work(form_data.split_plain, raw(b"a")),
    "fields: repeated": Work(form_data.group_by_name, lambda size: [("a", "x")] * size),
    "charset: not UTF-8": Work(decode, raw(b"\xff")),
    "charset: half UTF-8": Work(decode, raw(b"\xc3\xa9\xff")),
    "charset: references": Work(lambda data: decode(data, "windows-1252"), raw(b"&#128512;")),
    "charset: broken references": Work(lambda data: decode(data, "windows-1252"), raw(b"&#")),
    "charset: several bytes": Work(lambda data: decode(data, "shift_jis"), raw(b"\xff\x81")),
    "charset: escapes": Work(lambda data: decode(data, "iso-2022-jp"), raw(b"\x1b$B!\xff")),
    "multipart: nearly delimiters": Work(read_multipart, multipart(b"\r\n--X-")),
    "multipart: padding": Work(read_multipart, multipart(b"\r\n--X" + b" " * 70 + b"-")),
    "multipart: line ends": Work(read_multipart, multipart(b"\r\n")),
    "multipart: no delimiter": Work(read_multipart, multipart(b"a")),
    "multipart: no beginning": Work(read_multipart, raw(b"\n--Y"), 1024),
    "multipart: parts": Work(read_multipart, lambda size: part(b"", b"x")[:-5] * (size // 64) + part(b"", b"x"), 1024),
    "multipart: parameters": Work(read_multipart, in_header(b";a=b"), 1024),
    "multipart: quotes": Work(read_multipart, in_header(b'\\"', b'; x="'), 1024),
    "multipart: open quotes": Work(read_multipart, in_header(b'"  ', b'; x="', b"y"), 1024),
    "multipart: blanks in a header": Work(read_multipart, in_header(b"; ", b"\r\nContent-Type: a"), 1024),
    "multipart: folded header": Work(read_multipart, in_header(b" ", b"\r\n"), 1024),
    "multipart: line of blanks": Work(read_multipart, in_header(b" ", b"\r\nX:", b"y"), 1024),
    "base64 text": Work(decode_text(b"base64"), raw(b"QUFB\r\n")),
    "base64 file": Work(decode_file(b"base64"), raw(b"QUFB\r\n")),
    "quoted-printable text": Work(decode_text(b"quoted-printable"), raw(b"=\r\n")),
    "quoted-printable file": Work(decode_file(b"quoted-printable"), raw(b"=")),
    "NFC: marks": Work(text.normalize_unicode, filled(MARKS, "a")),
    "NFC: marks in halves": Work(text.normalize_unicode, lambda size: "a" + "\u0301" * size + "\u0316" * size),
    "NFC: marks that are none alone": Work(text.normalize_unicode, filled("\u0f73", "a")),
    "NFC: marks beyond the first plane": Work(text.normalize_unicode, filled("\U0001d165\U0001d16d", "a")),
    "NFC: as many as are sorted": Work(text.normalize_unicode, filled("a" + MARKS * 15)),
    "NFKC: marks of Kana": Work(lambda data: text.normalize_unicode(data, "NFKC"), filled("\uff9e\u0316", "a")),
    "NFKD: long ligatures": Work(lambda data: text.normalize_unicode(data, "NFKD"), filled("\ufdfa")),
    "half characters and NUL": Work(make_storable, lambda size: {"a": ["\ud800\0" * size]}),
    "folding": Work(text.fold_case, filled(MARKS + "\ufb03", "a")),
    "folding for search": Work(folded_text.fold, filled(MARKS + "\u0130", "a")),
    "one line": Work(text.collapse_whitespace, filled(" \u2003", "a", "a")),
    "markup": Work(lambda data: text.strip_markup(data[: fields.MAX_RAW_LENGTH]), filled("<b>&amp;"), 1024),
    "conditions": Work(
        lambda text: conditions.matches([{"field": "a", "contains": "ss" * 200 + "x"}] * 20, {"a": text}), filled("ß")
    ),
    "conditions: a list": Work(
        lambda items: conditions.matches([{"field": "a", "in": ["x"] * 100}] * 20, {"a": items}),
        lambda size: ["\u00df"] * size,
    ),
    "name of a form in an invitation": Work(mail_names.form_name, filled("a. ")),
    "controls": Work(text.strip_controls, filled("\u202e\x00")),
    "block list: words": Work(match_words, filled("word1 word2 ")),
    "block list: no words": Work(match_words, filled("x-1")),
    "block list: long ligatures": Work(match_words, filled("\ufdfa"), 1024),
    "block list: phrases and texts": Work(match_many("two word{}"), int, 64),
    "block list: signs and texts": Work(match_many("x-{}!"), int, 64),
    "links": Work(checks.count_links, filled("://www."), 65_536),
    "addresses: a list": Work(lambda data: list(email_addresses.find_addresses(data)), filled("a@b.co, ")),
    "addresses: an open list": Work(
        lambda data: list(email_addresses.find_addresses(data)), filled("a@b.co ", "", "(,\x00@<")
    ),
    "addresses: names": Work(lambda data: list(email_addresses.find_addresses(data)), filled('"\\" <', "a@b.co, ")),
    "addresses: angles": Work(lambda data: list(email_addresses.find_addresses(data)), filled("<", "a@b.co, ")),
    "addresses: blanks": Work(
        lambda data: list(email_addresses.find_addresses(data)), filled(" ", "a@b.co", "a@b.co ;<")
    ),
    "address: dots": Work(fields.email_key, filled("a.", "", "@example.com")),
    "address: quotes": Work(fields.is_email, filled('\\"', '"', "@example.com")),
    "address: invisible": Work(fields.clean_address, filled("\u200b", "a", "@example.com")),
    "a lone URL": Work(checks.is_lone_url, filled("a.", "", "//")),
    "invisible characters": Work(whitespace.trim, filled("\u200b", "\u200b", "a")),
    "export: lines": Work(lambda sent: csv_and_json.format_csv([[sent]]), filled("\n")),
    "export: invisible": Work(lambda sent: csv_and_json.format_csv([[sent]]), filled(";\u200b")),
    "export: numbers": Work(lambda sent: csv_and_json.format_csv([[sent]]), filled("1.", ";", "x")),
    "mail: header": Work(lambda sent: mail_headers.text_field("Subject", sent), filled("=?utf-8?q?a?= ")),
    "mail: subject": Work(
        lambda sent: mail_subjects.fill_subject("{a}" * 66, {"a": sent}, "Contact", "7K3QX-9FMT2"),
        filled("{a}" + MARKS),
    ),
    "mail: blanks of a subject": Work(lambda sent: mail_values.flatten(sent, 80), filled(" \u2003", "", "a")),
    "mail: names of a template": Work(lambda sent: find_unknown_names(sent, ()), filled("{a")),
    "mail: many names of a template": Work(
        lambda size: find_unknown_names("".join(f"{{{number}}}" for number in range(size)), ()), int, 256
    ),
    "mail: lines": Work(
        lambda sent: mail_values.shown_lines({}, {"a": sent}, {"_subject": sent}, summary=True), filled("\r\n" + MARKS)
    ),
    "mail: values": Work(
        lambda sent: mail_values.shown_lines({}, mail_values.texts_of((), sent), {}, summary=False),
        lambda size: {"a": ["x,\n"] * size, "b": [[{}]] * size, **dict.fromkeys(map(str, range(size)), "x")},
        512,
    ),
    **WEBHOOK_WORK,
    "template: gaps": Work(lambda sent: text_templates.close_gaps(sent, {"a": ""}), filled("  {a}, {")),
    "quotation: host names": Work(quotation.disarm, filled("www.a.bc://")),
    "template: braces": Work(lambda sent: text_templates.fill(sent, {"a": "{a}"}), filled("{a}{{")),
    "template: open braces": Work(lambda sent: text_templates.find_unknown_names(sent, ()), filled("{a")),
    "mailbox: dots": Work(excluded_addresses.mailbox_key, filled("a.", "", "@gmail.com")),
    "URL: dots": Work(urls.is_url, filled(".a", "https://example.com/")),
    "URL: hosts": Work(urls.is_web_url, filled("a.", "https://")),
    "URL: users": Work(urls.is_url, filled("@:", "https://")),
    "redirect": Work(
        lambda data: origins.resolve_redirect(data, site="https://a.co", allowed_urls=()), filled("@//", "//")
    ),
    "file name: path": Work(filenames.sanitize_filename, filled("\\/")),
    "file name: marks": Work(filenames.sanitize_filename, filled(MARKS, "a")),
    "file name: dots": Work(filenames.sanitize_filename, filled(". ")),
    "download": Work(downloads.safe_name, filled(" ._")),
    "pattern": Work(patterns.Pattern("(a|aa)+$").matches, filled("a", "", "b")),
    "date": Work(datetimes.parse_date, filled("1", "2026-01-")),
    "time": Work(datetimes.parse_time, filled("1", "12:00:00.")),
    "text field": Work(load({"type": "text", "max_length": 100, "pattern": "(a+)+"}), filled("a" + MARKS)),
    "number field": Work(load({"type": "number"}), filled("1", "0.")),
    "integer field": Work(load({"type": "integer"}), filled("9")),
    "telephone field": Work(load({"type": "tel"}), filled("1 ")),
    "e-mail field": Work(load({"type": "email"}), filled("a@")),
    "URL field": Work(load({"type": "url"}), filled("%41", "https://a.co/")),
    "choices field": Work(load({"type": "multiselect", "choices": ["a", "b"]}), lambda size: ["a", "b"] * size, 256),
    "checkbox field": Work(load({"type": "checkbox"}), lambda size: [[f"a{number}" for number in range(size)]], 256),
    "telephone at sign-up": Work(fields.Phone().deserialize, filled("1 ")),
    "name at sign-up": Work(fields.PersonName().deserialize, filled("<a>" + MARKS)),
    "password at sign-up": Work(fields.Password().deserialize, filled(MARKS + "aA1!")),
}


def seconds(work: Work, data: Any) -> float:
    """The least of several runs; a refusal is an answer too."""
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        with suppress(ApiError, ValueError, ma.ValidationError):
            work.run(data)
        best = min(best, time.process_time() - begun)
    return best


def grows_linearly(work: Work, least: float = LEAST) -> bool:
    """True if each size is done in the time that the size before it allows, of which `least` is always there."""
    spent = [seconds(work, work.hostile(work.size * times)) for times in TIMES]
    growth = [(max(before, least), after) for before, after in pairwise(spent)]
    return all(after <= before * 4 * MARGIN for before, after in growth)


@pytest.fixture(autouse=True)
def no_collection() -> Iterator[None]:
    """The garbage collector walks through everything that all tests have left."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("name", WORK)
def test_work_grows_no_faster_than_what_was_sent(name: str) -> None:
    assert any(grows_linearly(WORK[name]) for _ in range(ROUNDS))


@pytest.mark.parametrize(
    "quadratic",
    [
        Work(lambda data: re.findall("a+b", data), filled("a"), 128),
        Work(lambda data: re.sub(r'"(?:[^"\\]|\\.)*"', "", data), filled('\\"', '"'), 64),
        Work(lambda data: unicodedata.normalize("NFC", data), lambda size: "a" + "\u0301" * size + "\u0316" * size, 32),
    ],
)
def test_the_measurement_finds_what_is_quadratic(quadratic: Work) -> None:
    assert not any(grows_linearly(quadratic) for _ in range(ROUNDS))
