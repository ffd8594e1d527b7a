"""Reading multipart bodies while they come in, as strictly as `web/bodies.py` reads the others."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from werkzeug.exceptions import HTTPException
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from forms_service.errors import BadRequestError, PayloadTooLargeError
from forms_service.web.bodies import MOST_FIELDS

LONGEST_HEADERS = 131_072
"""Bytes of what comes before a part's content, or before and after all parts."""

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A token of RFC 9110, 5.6.2."""


@dataclass(frozen=True)
class Text:
    """A field of the form, whole."""

    name: str
    value: str


@dataclass(frozen=True)
class FileBegins:
    """A file; its pieces follow."""

    field: str
    filename: str


@dataclass(frozen=True)
class Piece:
    """Some of a file's bytes."""

    data: bytes
    last: bool


def read_parts(body: Iterable[bytes], boundary: str, most_text: int) -> Iterator[Text | FileBegins | Piece]:
    """The parts in their order; texts have `most_text` bytes together.

    :raises BadRequestError: for a body that is broken anywhere, has a part without a name, or none at all
    :raises PayloadTooLargeError: for too many parts, and for too much text
    """
    try:
        decoder = MultipartDecoder(boundary.encode(), LONGEST_HEADERS, max_parts=MOST_FIELDS)
        parts = 0
        for part in _assembled(_events(decoder, body), most_text):
            parts += not isinstance(part, Piece)
            yield part
    except HTTPException as error:
        if error.code != 413:
            raise
        raise PayloadTooLargeError(f"A form has at most {MOST_FIELDS} fields, with short headers.") from error
    except (ValueError, LookupError) as error:
        raise BadRequestError("The body cannot be read. It is not multipart/form-data in UTF-8.") from error
    if not parts:
        raise BadRequestError("The body cannot be read. It has no part with a name.")


def _events(decoder: MultipartDecoder, body: Iterable[bytes]) -> Iterator[Event]:
    for data in body:
        decoder.receive_data(data)
        while not isinstance(event := decoder.next_event(), NeedData):
            yield event
    decoder.receive_data(None)
    while not isinstance(event := decoder.next_event(), Epilogue):
        yield event


def _assembled(events: Iterable[Event], most_text: int) -> Iterator[Text | FileBegins | Piece]:
    name, value, texts, in_file = "", bytearray(), 0, False
    for event in events:
        if isinstance(event, Field | File):
            _refuse_bad_headers(event)
            name, value, in_file = event.name, bytearray(), isinstance(event, File)
            texts += len(name.encode())
            if isinstance(event, File):
                yield FileBegins(name, event.filename)
        elif isinstance(event, Data) and in_file:
            yield Piece(event.data, not event.more_data)
        elif isinstance(event, Data):
            value += event.data
            texts += len(event.data)
            if not event.more_data:
                yield Text(name, _decoded(value))
        if texts > most_text:
            raise PayloadTooLargeError


def _refuse_bad_headers(event: Field | File) -> None:
    if not event.name or "\0" in event.name:
        raise ValueError("a part without a name")
    if not all(_HEADER_NAME.fullmatch(name) and value for name, value in event.headers):
        raise ValueError("a header that is none")


def _decoded(value: bytearray) -> str:
    text = value.decode()
    if "\0" in text:
        raise BadRequestError("The body cannot be read. It holds a NUL character.")
    return text
