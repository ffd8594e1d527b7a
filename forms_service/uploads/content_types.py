"""Content types by first bytes; extensions decide between shared ones."""

import re
from dataclasses import dataclass

import puremagic

from forms_service.uploads.filenames import get_extension
from forms_service.uploads.signatures import MAX_JUNK, OLE, PDF, ZIP, detect_riff, detect_signature

HEAD_BYTES = 8192

UNKNOWN = "application/octet-stream"
PLAIN_TEXT = "text/plain"
MIN_MAGIC = 3
"""Bytes; two would match by chance."""

TEXT_TYPES = {
    ".csv": "text/csv",
    ".ics": "text/calendar",
    ".json": "application/json",
    ".md": "text/markdown",
    ".tsv": "text/tab-separated-values",
    ".vcf": "text/vcard",
}
"""Browsers run none."""

OPENINGS = ((b"{\\rtf", "application/rtf"), (b"%!PS", "application/postscript"))

MARKUP = (
    (b"<svg", "image/svg+xml"),
    (b"<html", "text/html"),
    (b"<!doctype html", "text/html"),
    (b"<script", "text/html"),
)

GENERIC_TYPES = (
    ZIP,
    OLE,
    "application/gzip",
    "image/tiff",
    "video/mp4",
    "audio/mp4",
    "video/x-matroska",
    "audio/ogg",
    "application/ogg",
)
"""Their extension tells the format."""

ALIASES = {
    "application/font-woff": "font/woff",
    "application/font-woff2": "font/woff2",
    "application/x-font-otf": "font/otf",
    "application/x-font-ttf": "font/ttf",
    "application/x-gzip": "application/gzip",
    "application/x-rar-compressed": "application/vnd.rar",
    "application/x-zip-compressed": "application/zip",
    "audio/mp3": "audio/mpeg",
    "audio/wave": "audio/wav",
    "audio/x-aiff": "audio/aiff",
    "audio/x-m4a": "audio/mp4",
    "audio/x-m4b": "audio/mp4",
    "audio/x-midi": "audio/midi",
    "audio/x-wav": "audio/wav",
    "image/heif": "image/heic",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/vnd.microsoft.icon": "image/x-icon",
    "image/x-ms-bmp": "image/bmp",
    "text/rtf": "application/rtf",
    "video/avi": "video/x-msvideo",
}

TYPE_BY_EXTENSION = {
    ".m4a": "audio/mp4",
    ".m4b": "audio/mp4",
    ".m4v": "video/x-m4v",
    ".dng": "image/x-adobe-dng",
    ".nef": "image/x-nikon-nef",
    ".arw": "image/x-sony-arw",
    ".cr2": "image/x-canon-cr2",
    ".ogv": "video/ogg",
    ".weba": "audio/webm",
    ".mka": "audio/x-matroska",
}
"""Formats that puremagic does not tell apart."""

_RUN_BY_BROWSERS = re.compile(r"html|[/+]xml\b|svg|(java|ecma|vb|live)script|shockwave|futuresplash|mhtml|rfc822|flash")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True)
class FileType:
    type: str
    text: bool = False
    extensions: frozenset[str] = frozenset()
    container: str = ""

    @property
    def served_as(self) -> str:
        """Never active content."""
        if not _RUN_BY_BROWSERS.search(self.type):
            return self.type
        return PLAIN_TEXT if self.text else UNKNOWN


def detect_type(head: bytes, name: str) -> FileType:
    text = None if detect_riff(head) else _decode_text(head)
    if text is not None:
        return _text_type(text, get_extension(name))
    suffix, signature = get_extension(name), detect_signature(head)
    if signature is not None and signature not in GENERIC_TYPES:
        return FileType(signature, container=signature)
    if signature is not None and signature not in (ZIP, OLE):
        return FileType(TYPE_BY_EXTENSION.get(suffix, signature), container=signature)
    matches = [match for match in _matches(head, name) if _is_certain(match, suffix)]
    extensions = frozenset(match.extension.lower() for match in matches if match.extension)
    by_extension = [match.mime_type for match in matches if match.extension.lower() == suffix]
    detected = [match.mime_type for match in matches]
    types = (*by_extension, signature) if signature else (*by_extension, *detected)
    mimetype = next((mimetype for mimetype in types if mimetype), UNKNOWN)
    return FileType(normalize_type(mimetype), extensions=extensions, container=signature or "")


def normalize_type(mimetype: str) -> str:
    name = mimetype.strip().lower()
    return ALIASES.get(name, name)


def _matches(head: bytes, name: str) -> list[puremagic.PureMagicWithConfidence]:
    try:
        return puremagic.magic_string(head, f"file{get_extension(name)}")
    except puremagic.PureError:
        return []


def _is_certain(match: puremagic.PureMagicWithConfidence, suffix: str) -> bool:
    long_enough = len(match.byte_match) >= MIN_MAGIC
    return long_enough or (len(match.byte_match) == 2 and match.extension.lower() in (suffix, ".exe"))


def _decode_text(head: bytes) -> bytes | None:
    encoding = _wide_encoding(head)
    if encoding:
        head = head[: len(head) // 2 * 2].decode(encoding, errors="ignore").encode(errors="ignore")
    return None if _CONTROLS.search(head) else head


def _wide_encoding(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # without a mark, Latin text shows UTF-16 by its zero bytes
    even, odd = head[0:512:2], head[1:512:2]
    if len(odd) > 1 and even.count(0) == 0 and odd.count(0) > len(odd) * 3 // 4:
        return "utf-16-le"
    return "utf-16-be" if len(even) > 1 and odd.count(0) == 0 and even.count(0) > len(even) * 3 // 4 else None


def _text_type(head: bytes, suffix: str) -> FileType:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for opening, mimetype in OPENINGS:
        if start.startswith(opening.lower()):
            return FileType(mimetype, text=True)
    if start.startswith(b"<"):
        markup_types = [mimetype for tag, mimetype in MARKUP if tag in start]
        default = "application/xml" if start.startswith(b"<?xml") else PLAIN_TEXT
        return FileType(markup_types[0] if markup_types else default, text=True)
    if start.startswith(b"%pdf-") or (suffix == ".pdf" and b"%PDF-" in head[:MAX_JUNK]):
        return FileType(PDF)
    return FileType(TEXT_TYPES.get(suffix, PLAIN_TEXT), text=True)
