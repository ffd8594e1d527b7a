"""Request bodies, read once: strictly for the API, leniently for public forms."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from flask import Request, current_app, g, request
from werkzeug.exceptions import HTTPException

from forms_service.errors import ApiError, BadRequestError, PayloadTooLargeError, UnsupportedMediaTypeError
from forms_service.languages.sentences import N_, Sentence
from forms_service.web.charsets import UTF_8_BOM
from forms_service.web.form_data import (
    MAX_RAW_FIELDS,
    RawField,
    decode_fields,
    group_by_name,
    make_storable,
    refuse_nul,
    split_plain,
    split_urlencoded,
)
from forms_service.web.json_reader import MAX_VALUES, read_form_json, read_json
from forms_service.web.multipart import TextParts, read_parts
from forms_service.web.route_policy import View

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
JSON = "application/json"
JSON_TYPES = (JSON, "text/json")
PLAIN = "text/plain"
UNSUPPORTED_TYPE = Sentence(
    N_("Unsupported content type. Send the body as {json}, {urlencoded} or {multipart}."),
    json=JSON,
    urlencoded=URLENCODED,
    multipart=MULTIPART,
)
INCOMPLETE = N_("The body is incomplete. Send it again.")


def json_body() -> Any:
    """Return the JSON, or raise BadRequestError or UnsupportedMediaTypeError."""
    if not is_json():
        raise UnsupportedMediaTypeError(f"Unsupported content type. Send the body as {JSON}.")
    return _read_once(lambda: read_json(_raw()))


def json_or_form_body() -> Any:
    """Return JSON or form fields; a repeated field is a list."""
    if is_json():
        return _read_once(lambda: read_json(_raw(), MAX_VALUES))
    if media_type() == URLENCODED:
        return _read_once(lambda: _strict_fields(split_urlencoded(_raw(), _max_fields())))
    if media_type() == MULTIPART:
        return _read_once(lambda: _strict_fields(read_multipart(_raw(), boundary())))
    raise UnsupportedMediaTypeError(UNSUPPORTED_TYPE)


def public_form_body() -> Any:
    """Read storable values, from any encoding but multipart."""
    kind = media_type()
    if _names_json(kind):
        return _read_once(lambda: read_form_json(_raw()))
    if kind == URLENCODED:
        return _read_once(lambda: _read_public(_raw(), split_urlencoded))
    if kind in (PLAIN, ""):  # beacons send no type
        return _read_once(lambda: _read_public(_raw(), split_plain))
    raise UnsupportedMediaTypeError(UNSUPPORTED_TYPE)


def accept_fields(limit: int) -> Callable[[View], View]:
    """Allow a view's urlencoded body more fields than MAX_RAW_FIELDS."""

    def decorate(view: View) -> View:
        view.max_fields = limit  # type: ignore[attr-defined]  # a mark on a function
        return view

    return decorate


def _max_fields() -> int:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "max_fields", MAX_RAW_FIELDS)


def query_fields() -> list[tuple[str, str]]:
    """Read at most MAX_RAW_FIELDS."""
    if not request.query_string:
        return []
    pairs = request.query_string.split(b"&", MAX_RAW_FIELDS)[:MAX_RAW_FIELDS]  # no visitor could mend a longer one
    return list(decode_fields(split_urlencoded(b"&".join(pairs))))


def declared_charset() -> str | None:
    return request.mimetype_params.get("charset")


def boundary() -> str:
    return request.mimetype_params.get("boundary", "")


def is_json() -> bool:
    """Whether it is declared as JSON or `+json`; RFC 8259 has no charset."""
    return _names_json(media_type())


def _names_json(kind: str) -> bool:
    return kind in JSON_TYPES or kind.endswith("+json")


def media_type() -> str:
    # a header that a script set twice arrives joined by a comma
    return request.mimetype.partition(",")[0].rstrip()


def read_multipart(raw: bytes, boundary: str) -> list[RawField]:
    """Return the texts.

    :raises UnsupportedMediaTypeError: for a file
    """
    texts = TextParts()
    for event in read_parts([raw], boundary):
        if not texts.feed(event):
            raise UnsupportedMediaTypeError("Files are not accepted here.")
    return [field for field in texts.fields if field.name]


def _strict_fields(fields: list[RawField]) -> dict[str, Any]:
    return group_by_name(refuse_nul(decode_fields(fields, declared_charset())))


def _read_public(raw: bytes, split: Callable[[bytes], Sequence[RawField]]) -> Any:
    # beacons and scripts send JSON under another type; a browser's urlencoded form never begins with a brace
    if raw.removeprefix(UTF_8_BOM).lstrip().startswith(b"{"):
        try:
            return read_form_json(raw)
        except BadRequestError:
            pass  # somebody's text begins with a brace
    return make_storable(group_by_name(decode_fields(split(raw), declared_charset())))


def _read_once(read: Callable[[], Any]) -> Any:
    # rate limits by account read the body before the view does
    if "body_error" in g:
        raise g.body_error
    if "body" not in g:
        try:
            g.body = read()
        except (ApiError, HTTPException) as error:
            g.body_error = error
            raise
    return g.body


def iter_body(size: int = 65_536) -> Iterator[bytes]:
    """Yield at most `request.max_content_length` bytes as they arrive."""
    arrived = 0
    while piece := _read_or_400(lambda: request.stream.read(size)):
        arrived += len(piece)
        yield piece
    _refuse_truncated(arrived, request.content_length or 0)


def _raw() -> bytes:
    raw = _read_or_400(_read_whole)
    announced = request.content_length
    if announced is None:  # in chunks: Werkzeug stops at the limit and says nothing
        if len(raw) == request.max_content_length and _read_or_400(lambda: request.environ["wsgi.input"].read(1)):
            raise PayloadTooLargeError()
    else:
        _refuse_truncated(len(raw), announced)
    return raw


def _read_whole() -> bytes:
    this: Request = cast("Any", request)._get_current_object()  # each use of the proxy takes 1 µs
    size, limit = this.content_length, this.max_content_length
    if size is None or limit is None or size > limit:
        return this.get_data(cache=True, parse_form_data=False)  # stops at the limit, or refuses
    # at once: Werkzeug's stream reads piece by piece
    raw: bytes = this.environ["wsgi.input"].read(size)
    this._cached_data = raw
    return raw


def _read_or_400(read: Callable[[], bytes]) -> bytes:
    if request.environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaTypeError(N_("Compressed bodies are not supported. Send the body uncompressed."))
    try:
        return read()
    except HTTPException:
        raise
    except Exception as error:  # each server raises its own for a body that breaks off or has bad chunks
        raise BadRequestError(INCOMPLETE) from error


def _refuse_truncated(size: int, announced: int) -> None:
    # gunicorn ends a truncated body silently, and half of one may parse as a whole
    if size < announced:
        raise BadRequestError(INCOMPLETE)
