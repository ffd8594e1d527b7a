"""Reading bodies: strict, so that what is stored is what was sent, and what cannot be read is never half read."""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from flask import g, request
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from forms_service.errors import BadRequestError, PayloadTooLargeError, UnsupportedMediaTypeError

DEEPEST = 64
"""Objects and lists inside each other."""

MOST_FIELDS = 1000
"""Fields of one form."""

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
JSON = "application/json"

STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


class _NotStrictError(ValueError):
    """What Python's reader takes and ours does not; the text is for the sender."""


def json_body() -> Any:
    """The request's JSON, read once.

    :raises BadRequestError: for what is not JSON in UTF-8, or is JSON that not every reader takes for the same
    :raises UnsupportedMediaTypeError: for another type
    """
    if not is_json():
        raise UnsupportedMediaTypeError(f"Send the body as {JSON}.")
    return _once(lambda: read_json(_raw()))


def json_or_form_body() -> Any:
    """The request's JSON or form fields, read once; a field that was sent several times is a list."""
    if is_json():
        return json_body()
    if request.mimetype == URLENCODED:
        return _once(lambda: read_urlencoded(_raw()))
    if request.mimetype == MULTIPART:
        return _once(lambda: read_multipart(_raw(), request.mimetype_params.get("boundary", "")))
    raise UnsupportedMediaTypeError(f"Send the body as {JSON}, {URLENCODED} or {MULTIPART}.")


def typed_values() -> dict[str, Any]:
    """What a browser form sent, as far as it was read; empty before."""
    values = g.get("body")
    return values if isinstance(values, dict) else {}


def is_json() -> bool:
    """Whether the body says it is JSON, in the one encoding that JSON has (RFC 8259, 8.1)."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    return request.mimetype == JSON and charset in ("utf-8", "utf8")


def read_json(raw: bytes) -> Any:
    """JSON without what readers differ on: NaN, doubled keys, numbers out of range, half characters, NUL."""
    try:
        text = raw.decode()
        _refuse_depth(text)
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_without_doubles)
        if "\\u" in text:
            _refuse_half_characters(value)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _NotStrictError) else "It is not JSON in UTF-8."
        raise BadRequestError(f"The body cannot be read. {reason}") from error
    return value


def read_urlencoded(raw: bytes) -> dict[str, Any]:
    """The fields of a form, percent-encoded in UTF-8."""
    try:
        pairs = parse_qsl(
            raw.decode(), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST_FIELDS
        )
    except UnicodeDecodeError as error:
        raise BadRequestError("The body cannot be read. It is not in UTF-8.") from error
    except ValueError as error:
        raise PayloadTooLargeError(f"A form has at most {MOST_FIELDS} fields.") from error
    return by_name(pairs)


def read_multipart(raw: bytes, boundary: str) -> dict[str, Any]:
    """The text fields of a multipart form; one with a file, or that is broken anywhere, is refused."""
    try:
        pairs = list(_parts(MultipartDecoder(boundary.encode(), max_parts=MOST_FIELDS), raw))
    except HTTPException as error:
        raise PayloadTooLargeError(f"A form has at most {MOST_FIELDS} fields.") from error
    except (ValueError, LookupError) as error:
        raise BadRequestError("The body cannot be read. It is not multipart/form-data in UTF-8.") from error
    if not pairs:
        raise BadRequestError("The body cannot be read. It has no part with a name.")
    return by_name(pairs)


def _parts(decoder: MultipartDecoder, raw: bytes) -> Iterable[tuple[str, str]]:
    decoder.receive_data(raw)
    decoder.receive_data(None)
    name, value = "", b""
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, NeedData):
            raise ValueError("cut off")
        if isinstance(event, File):
            raise UnsupportedMediaTypeError("This address takes no files.")
        if isinstance(event, Field):
            if not event.name:
                raise ValueError("a part without a name")
            name, value = event.name, b""
        elif isinstance(event, Data):
            value += event.data
            if not event.more_data:
                yield name, value.decode()


def by_name(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Name → value, or a list of values where a name came more than once."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if "\0" in name or (isinstance(value, str) and "\0" in value):
            raise BadRequestError("The body cannot be read. It holds a NUL character.")
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


def _once(read: Any) -> Any:
    if "body" not in g:
        g.body = read()
    return g.body


def pieces(size: int = 65_536) -> Iterator[bytes]:
    """The body as it comes in, up to `request.max_content_length` bytes of it; nothing is kept."""
    while piece := _arrived(lambda: request.stream.read(size)):
        yield piece


def _raw() -> bytes:
    """The bytes of the body, of MAX_CONTENT_LENGTH at most."""
    raw = _arrived(lambda: request.get_data(cache=True, parse_form_data=False))
    if _may_go_on(raw) and _arrived(lambda: request.environ["wsgi.input"].read(1)):
        raise PayloadTooLargeError()
    return raw


def _arrived(read: Callable[[], bytes]) -> bytes:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaTypeError("Send the body without compression.")
    try:
        return read()
    except HTTPException:
        raise
    except Exception as error:  # each server raises its own for a body that breaks off or has bad chunks
        raise BadRequestError("The body did not arrive whole.") from error


def _may_go_on(raw: bytes) -> bool:
    """Whether a body in chunks has been read up to the limit, where Werkzeug stops and says nothing."""
    return request.content_length is None and len(raw) == request.max_content_length


def _refuse_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for character in STRINGS.sub("", text):
        if character in "[{":
            depth += 1
            if depth > DEEPEST:
                raise _NotStrictError(f"It is nested deeper than {DEEPEST} levels.")
        elif character in "]}":
            depth -= 1


def _no_constant(name: str) -> NoReturn:
    raise _NotStrictError(f"{name} is not JSON.")


def _finite(digits: str) -> float:
    number = float(digits)
    vanished = number == 0 and re.search("[1-9]", re.split("[eE]", digits)[0])
    if math.isinf(number) or vanished:
        raise _NotStrictError("A number is out of range.")
    return number


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _NotStrictError("An object has a key twice.")
    return found


def _refuse_half_characters(value: Any) -> None:
    """Refuse what only an escape can bring in: half a surrogate pair, and NUL."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += [*item, *item.values()]
        elif isinstance(item, list):
            waiting += item
        elif isinstance(item, str) and ("\0" in item or any("\ud800" <= mark <= "\udfff" for mark in item)):
            raise _NotStrictError("A text holds half a character, or NUL.")
