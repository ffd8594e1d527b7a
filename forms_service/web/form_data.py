"""Ordered fields of HTML's form encodings: urlencoded, text/plain, multipart texts."""

import binascii
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from forms_service.errors import BadRequestError, PayloadTooLargeError
from forms_service.form_schema.special_fields import CHARSET
from forms_service.languages.sentences import N_
from forms_service.validation.text import storable_text
from forms_service.web.charsets import UTF_8_BOM, decode, find_encoding

MAX_RAW_FIELDS = 1000
"""Per body, before a form's own limit."""

TOO_MANY_FIELDS = N_("The body has too many fields. Send fewer.")

_CHARSET_FIELD = CHARSET[0].encode()
_LONE_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_PLAIN_NAME = re.compile(rb"(?:\A|\n)([^=\n]*+)=")


class RawField(NamedTuple):
    """Undecoded; `charset` is its part's."""

    name: bytes
    value: bytes
    charset: str | None = None


def split_urlencoded(raw: bytes, limit: int = MAX_RAW_FIELDS) -> list[RawField]:
    """Split a body or query, or raise PayloadTooLargeError."""
    if raw.count(b"&") >= limit:
        raise PayloadTooLargeError(TOO_MANY_FIELDS)
    pairs = (pair.partition(b"=") for pair in raw.removeprefix(UTF_8_BOM).split(b"&") if pair)
    return [RawField(_unquote(name), _unquote(value)) for name, _, value in pairs]


def split_plain(raw: bytes) -> list[RawField]:
    """Split `enctype="text/plain"`; lines without `=` continue the value before."""
    raw = raw.removeprefix(UTF_8_BOM).removesuffix(b"\n").removesuffix(b"\r")
    begun = list(islice(_PLAIN_NAME.finditer(raw), MAX_RAW_FIELDS + 1))
    if len(begun) > MAX_RAW_FIELDS:
        raise PayloadTooLargeError(TOO_MANY_FIELDS)
    starts = [name.start() for name in begun] + [len(raw)]
    before = [RawField(b"", raw[: starts[0]])] if starts[0] else []
    fields = (
        RawField(name[1], raw[name.end() : end].removesuffix(b"\r"))
        for name, end in zip(begun, starts[1:], strict=True)
    )
    return [*before, *fields]


def named_encoding(fields: Iterable[RawField]) -> str | None:
    """Return the value of the field `_charset_`."""
    named = [field.value for field in fields if _is_charset_field(field.name)]
    encodings = (find_encoding(value.decode("ascii", "replace").strip()) for value in named)
    return next((encoding for encoding in encodings if encoding), None)


def decode_fields(fields: Sequence[RawField], declared: str | None = None) -> Iterator[tuple[str, str]]:
    """Decode by `_charset_`, the part's charset, or the body's."""
    named, of_body = named_encoding(fields), find_encoding(declared)
    for field in fields:
        if not _is_charset_field(field.name):
            of_part = find_encoding(field.charset) if field.charset else None
            yield decode(field.name, named or of_body), decode(field.value, named or of_part or of_body)


def refuse_nul(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the fields, or raise BadRequestError."""
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise BadRequestError(N_("The body cannot be read. It contains a NUL character."))
        yield name, value


def group_by_name(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return name → value, a list for repeated names."""
    grouped: dict[str, Any] = {}
    for name, value in pairs:
        if name not in grouped:
            grouped[name] = value
        elif isinstance(grouped[name], list):
            grouped[name].append(value)
        else:
            grouped[name] = [grouped[name], value]
    return grouped


def make_storable(value: Any) -> Any:
    """Mend texts that databases refuse; merge names that become equal."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, list):
        return [make_storable(item) for item in value]
    if not isinstance(value, dict):
        return value
    return merge_names([(storable_text(name), make_storable(item)) for name, item in value.items()])


def merge_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Group by name; flatten lists of repeated names."""
    merged = dict(pairs)
    return merged if len(merged) == len(pairs) else group_by_name(_flatten(pairs))


def _flatten(pairs: Iterable[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
    for name, value in pairs:
        yield from ((name, item) for item in value) if isinstance(value, list) else ((name, value),)


def _is_charset_field(name: bytes) -> bool:
    return len(name) == len(_CHARSET_FIELD) and name.lower() == _CHARSET_FIELD


def _unquote(quoted: bytes) -> bytes:
    text = quoted.replace(b"+", b" ")
    if b"%" not in text:
        return text
    # decoded as quoted-printable, in C: urllib takes half a second for 1 MiB of "%"
    escaped = _LONE_PERCENT.sub(b"=25", text.replace(b"=", b"=3D"))
    return binascii.a2b_qp(escaped.replace(b"%", b"="))
