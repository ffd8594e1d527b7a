"""Downloads that browsers never render."""

import re
from collections.abc import Iterator
from typing import cast
from urllib.parse import quote

from flask import Response, request, stream_with_context

from forms_service.validation.device_names import escape_device_name
from forms_service.validation.text import normalize_unicode

BYTES = "application/octet-stream"
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
VIEW_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox"
MAX_NAME_LENGTH = 150
UNSAFE = r'\x00-\x1f\x7f-\x9f"*/:<>?\\|\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff'
"""Forbidden on some systems, or bidirectional marks that disguise a name."""

UNSAFE_RUNS = re.compile(f"[{UNSAFE}]+")
UNSAFE_START = re.compile(f"[{UNSAFE} .]*")


def download(chunks: Iterator[bytes], name: str, content_type: str, size: int | None = None) -> Response:
    """Stream an attachment, released when the client disconnects."""
    # generated clients parse few types, and may accept only bytes
    if list(request.accept_mimetypes.values()) == [BYTES]:
        content_type = BYTES
    response = Response(stream_with_context(chunks), content_type=content_type)
    response.headers.set("Content-Disposition", "attachment", **_names(name))
    response.policy = POLICY  # type: ignore[attr-defined]  # read by web/security_headers.py
    if size is not None:
        response.content_length = size
    return response


def view(chunks: Iterator[bytes], name: str, content_type: str, size: int) -> Response:
    """Stream a file that pages of ours show, such as an image; the caller has checked its type."""
    response = Response(stream_with_context(chunks), content_type=content_type)
    response.headers.set("Content-Disposition", "inline", **_names(name))
    response.policy = VIEW_POLICY  # type: ignore[attr-defined]  # read by web/security_headers.py
    response.content_length = size
    return response


def safe_name(name: str) -> str:
    """Strip paths, controls, leading dots and device names; "file" if nothing is left."""
    start = cast("re.Match[str]", UNSAFE_START.match(name)).end()
    cut = UNSAFE_RUNS.sub("_", name[start:][-MAX_NAME_LENGTH:]).strip(" .")
    return escape_device_name(cut or "file")


def _names(name: str) -> dict[str, str]:
    # ASCII for old clients, and the full name (RFC 6266, RFC 8187)
    safe = safe_name(name)
    plain = normalize_unicode(safe, "NFKD").encode("ascii", "ignore").decode().replace("%", "_")
    names = {"filename": safe_name(plain)}
    return names if safe == plain else names | {"filename*": f"UTF-8''{quote(safe, safe='')}"}
