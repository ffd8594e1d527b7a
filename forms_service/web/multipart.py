"""Streaming parser of multipart/form-data, in linear time.

Werkzeug's and PyPI's refuse or rewrite real input: names in another encoding, backslashes, empty headers, bare line
feeds.
"""

import binascii
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from forms_service.errors import BadRequestError, PayloadTooLargeError
from forms_service.languages.sentences import N_
from forms_service.web.charsets import UTF_8_BOM
from forms_service.web.form_data import MAX_RAW_FIELDS, TOO_MANY_FIELDS, RawField
from forms_service.web.part_headers import Part, parse_headers

MAX_HEADER_BYTES = 131_072
"""Per part, and before the first."""

MAX_BOUNDARY = 200
MAX_PADDING = 64
"""Blanks after a boundary."""


_FIRST_LINE = re.compile(rb"--([!-~]{1,%d}?)(?:--)?\r?\n" % MAX_BOUNDARY)


class End(NamedTuple):
    """Ends a part."""


class _BrokenError(ValueError):
    """Malformed or truncated body."""


Event = Part | bytes | End


def read_parts(body: Iterable[bytes], boundary: str, *, guess_boundary: bool = False) -> Iterator[Event]:
    """Yield each part, its content in pieces, and its end.

    Scripts that set Content-Type by hand omit the boundary; `guess_boundary` takes the first line's.

    :raises PayloadTooLargeError: for too many parts or long headers
    """
    parts = named = 0
    try:
        buffer = _Buffer(body)
        known = boundary.encode("latin-1") or (_first_line(buffer) if guess_boundary else b"")
        for event in _events(buffer, known):
            if isinstance(event, Part):
                parts += 1
                named += bool(event.name)
                if parts > MAX_RAW_FIELDS:
                    raise PayloadTooLargeError(TOO_MANY_FIELDS)
            yield event
    except (_BrokenError, binascii.Error, UnicodeEncodeError) as error:
        raise BadRequestError(N_("The body cannot be read. It is not complete, valid multipart/form-data.")) from error
    if parts and not named:
        raise BadRequestError(N_("The body cannot be read. It has no named part."))


class TextParts:
    def __init__(self) -> None:
        self.fields: list[RawField] = []
        self._part = Part(filename=b"")
        self._content = bytearray()

    def feed(self, event: Event) -> bool:
        """Return False for a file's event."""
        if isinstance(event, Part):
            self._part = event
        if self._part.filename is not None:
            return False
        if isinstance(event, bytes):
            self._content += event
        elif isinstance(event, End):
            self._finish_part()
        return True

    def keep_partial(self) -> None:
        """Keep a refused body's unfinished text."""
        if self._content:
            self._finish_part()

    def _finish_part(self) -> None:
        part = self._part
        self.fields.append(RawField(part.name, part.decode_text(bytes(self._content)), part.charset))
        self._content.clear()


class _Buffer:
    def __init__(self, body: Iterable[bytes]) -> None:
        self.bytes = bytearray()
        self._body = iter(body)

    def receive(self) -> None:
        piece = next(self._body, b"")
        if not piece:
            raise _BrokenError("breaks off")
        self.bytes += piece

    def take(self, size: int) -> bytes:
        data = bytes(self.bytes[:size])
        del self.bytes[:size]
        return data

    def drain(self) -> None:
        self.bytes.clear()
        for _ in self._body:
            pass


def _events(buffer: _Buffer, boundary: bytes) -> Iterator[Event]:
    if not 0 < len(boundary) <= MAX_BOUNDARY:
        raise _BrokenError("no boundary")
    newline, last = _skip_preamble(buffer, boundary)
    while not last:
        part = parse_headers(_read_headers(buffer, newline), newline)
        if part is None:
            raise _BrokenError("no headers of a part")
        yield part
        for piece, last in _read_content(buffer, newline + b"--" + boundary, newline):  # noqa: B007 (of the last piece)
            if content := part.decode(piece):
                yield content
        if rest := part.finish():
            yield rest
        yield End()
    buffer.drain()


def _first_line(buffer: _Buffer) -> bytes:
    while not (match := _FIRST_LINE.match(buffer.bytes)):
        if len(buffer.bytes) > MAX_BOUNDARY:
            raise _BrokenError("no boundary in sight")
        buffer.receive()
    return match[1]


def _skip_preamble(buffer: _Buffer, boundary: bytes) -> tuple[bytes, bool]:
    """Return the line ending, and whether parts are missing."""
    first = re.compile(
        rb"(?:\A(?:%s)?|\n)--%s(?:(--)|[ \t]{0,%d}(\r?\n))" % (UTF_8_BOM, re.escape(boundary), MAX_PADDING)
    )
    start = 0
    while not (match := first.search(buffer.bytes, start)):
        if len(buffer.bytes) > MAX_HEADER_BYTES:
            raise _BrokenError("no boundary in sight")
        start = max(0, len(buffer.bytes) - len(boundary) - MAX_PADDING - 5)
        buffer.receive()
    last, newline = bool(match[1]), match[2] or b"\r\n"
    buffer.take(match.end())
    return newline, last


def _read_headers(buffer: _Buffer, newline: bytes) -> bytes:
    start = 0
    while not buffer.bytes.startswith(newline):
        end = buffer.bytes.find(newline * 2, start)
        if (end if end >= 0 else len(buffer.bytes)) > MAX_HEADER_BYTES:
            raise PayloadTooLargeError(N_("The headers of a part are too long."))
        if end >= 0:  # the second newline stays: the content or its delimiter begins with it
            return buffer.take(end + len(newline))[: -len(newline)]
        start = max(0, len(buffer.bytes) - 3)
        buffer.receive()
    return b""


def _read_content(buffer: _Buffer, delimiter: bytes, newline: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield pieces; the last tells whether its delimiter closes the body."""
    whole = re.compile(rb"%s(?:(--)|[ \t]{0,%d}%s)" % (re.escape(delimiter), MAX_PADDING, newline))
    unsure = len(delimiter) + MAX_PADDING + len(newline) - 1  # bytes at the end that a delimiter may begin in
    lead = len(newline)
    while not (match := whole.search(buffer.bytes)):
        if len(buffer.bytes) > unsure + lead:
            yield buffer.take(len(buffer.bytes) - unsure)[lead:], False
            lead = 0
        try:
            buffer.receive()
        except _BrokenError:
            yield bytes(buffer.bytes[lead:]), False  # what a visitor wrote is given back as far as it came
            raise
    last, start, end = bool(match[1]), match.start(), match.end()  # a match looks at the bytes when it is asked
    content = buffer.take(start)[lead:]
    buffer.take(end - start)
    yield content, last
