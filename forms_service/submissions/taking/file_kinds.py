"""What a file is, by what is in it: its beginning decides, and its name only among what the beginning may be."""

import mimetypes
import re
from dataclasses import dataclass

import puremagic

from forms_service.submissions.taking.file_names import extension

HEAD = 8192
"""Bytes at a file's beginning that are looked at."""

UNKNOWN = "application/octet-stream"
PLAIN = "text/plain"
LEAST_MAGIC = 3
"""Bytes that must match; of two there are too many by chance."""

TEXT_KINDS = {
    ".csv": "text/csv",
    ".ics": "text/calendar",
    ".json": "application/json",
    ".md": "text/markdown",
    ".tsv": "text/tab-separated-values",
    ".vcf": "text/vcard",
}
"""What plain text is called by its extension; none of them is run by a browser."""

OPENINGS = ((b"%PDF-", "application/pdf"), (b"{\\rtf", "application/rtf"), (b"%!PS", "application/postscript"))
"""Formats that begin as text."""

MARKUP = (
    (b"<svg", "image/svg+xml"),
    (b"<html", "text/html"),
    (b"<!doctype html", "text/html"),
    (b"<script", "text/html"),
)
CONTAINERS = ("application/zip", "application/x-ole-storage")
"""Formats that many others are made of."""

PROGRAMS = ("application/vnd.microsoft.portable-executable", "application/x-executable", "application/x-mach-binary")
BEGINNINGS = {
    b"PK\x03\x04": CONTAINERS[0],
    b"\xd0\xcf\x11\xe0": CONTAINERS[1],
    b"MZ": PROGRAMS[0],
    b"\x7fELF": PROGRAMS[1],
    b"\xcf\xfa\xed\xfe": PROGRAMS[2],
}
"""What is one thing by its first bytes, unless the name says which of its many forms."""

SAME = {
    "application/x-gzip": "application/gzip",
    "application/x-zip-compressed": "application/zip",
    "audio/mp3": "audio/mpeg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "image/heif": "image/heic",
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/vnd.microsoft.icon": "image/x-icon",
    "image/x-ms-bmp": "image/bmp",
    "text/rtf": "application/rtf",
}
"""Other names of a type → the one used here."""

_RUN_BY_BROWSERS = re.compile(r"html|[/+]xml\b|svg|(java|ecma|vb|live)script|shockwave|futuresplash|mhtml|rfc822")
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True)
class Kind:
    """A type, whether it is text, and the extensions that its beginning allows."""

    type: str
    text: bool = False
    extensions: frozenset[str] = frozenset()

    @property
    def served_as(self) -> str:
        """The type to give it out as: nothing that a browser would run."""
        if not _RUN_BY_BROWSERS.search(self.type):
            return self.type
        return PLAIN if self.text else UNKNOWN


def kind_of(head: bytes, name: str) -> Kind:
    """The kind of a file that begins with `head`."""
    text = _as_text(head)
    if text is not None:
        return _text_kind(text, extension(name))
    matches = [match for match in _matches(head, name) if _is_certain(match, extension(name))]
    extensions = frozenset(match.extension.lower() for match in matches if match.extension)
    named = [match.mime_type for match in matches if match.extension.lower() == extension(name)]
    plain = [found for beginning, found in BEGINNINGS.items() if head.startswith(beginning)]
    likely = [match.mime_type for match in matches]
    found = next((mimetype for mimetype in (*named, *plain, *likely) if mimetype), UNKNOWN)
    return Kind(plain[0] if found == UNKNOWN and plain else same(found), extensions=extensions)


def accepted(kind: Kind, name: str, accept: str) -> bool:
    """Whether a file is one of those that `accept` lists, as in HTML: extensions, types, and types with a star."""
    wishes = [wish.strip().lower() for wish in accept.split(",") if wish.strip()]
    return not wishes or any(_fulfils(wish, kind, extension(name)) for wish in wishes)


def same(mimetype: str) -> str:
    """The name that a type goes by here."""
    return SAME.get(mimetype.lower(), mimetype.lower())


def _fulfils(wish: str, kind: Kind, ending: str) -> bool:
    if wish.startswith("."):
        return wish == ending and _may_be_called(ending, kind)
    if wish in ("*", "*/*"):
        return True
    if wish.endswith("/*"):
        without_mark = kind.type == UNKNOWN and _may_be_called(ending, kind)
        return (_by_name(ending) if without_mark else kind.type).startswith(wish[:-1])
    of_text = wish == PLAIN and kind.type.startswith("text/") and kind.served_as == kind.type
    by_name = ending in _TYPES.guess_all_extensions(wish) and _may_be_called(ending, kind)
    return same(wish) == kind.type or of_text or by_name


def _may_be_called(ending: str, kind: Kind) -> bool:
    """Whether the content is no other than the extension says, as far as anybody can tell."""
    if ending in kind.extensions:
        return True
    expected = _by_name(ending)
    if expected == kind.type:
        return True
    if ending in _RECOGNISED or kind.type in PROGRAMS:
        return False
    if expected.startswith("text/"):
        return kind.text
    family = expected.partition("/")[0]
    if kind.type == UNKNOWN or kind.type in CONTAINERS:
        return True  # not every format has a mark of its own
    return kind.type.partition("/")[0] == family if family in _MEDIA else kind.type.partition("/")[0] not in _MEDIA


def _by_name(ending: str) -> str:
    return same(_TYPES.guess_type(f"file{ending}")[0] or "")


_TYPES = mimetypes.MimeTypes()
"""Python's own list, and not what the machine adds to it."""

_MEDIA = ("image", "audio", "video", "font")
_RECOGNISED = frozenset(
    {".7z", ".bmp", ".doc", ".docx", ".gif", ".gz", ".heic", ".jpeg", ".jpg", ".odp", ".ods", ".odt", ".pdf", ".png"}
    | {".ppt", ".pptx", ".rtf", ".tif", ".tiff", ".webp", ".xls", ".xlsx", ".zip"}
)
"""Extensions of formats that are always recognised: without their mark a file is something else."""


def _matches(head: bytes, name: str) -> list[puremagic.PureMagicWithConfidence]:
    try:
        return puremagic.magic_string(head, f"file{extension(name)}")
    except puremagic.PureError:
        return []


def _is_certain(match: puremagic.PureMagicWithConfidence, ending: str) -> bool:
    long_enough = len(match.byte_match) >= LEAST_MAGIC
    return long_enough or (len(match.byte_match) == 2 and match.extension.lower() in (ending, ".exe"))


def _as_text(head: bytes) -> bytes | None:
    """The beginning of a text in UTF-8, UTF-16 or an older encoding; None for anything else."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) // 2 * 2].decode("utf-16", errors="ignore").encode(errors="ignore")
    return None if _CONTROLS.search(head) else head


def _text_kind(head: bytes, ending: str) -> Kind:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for opening, found in OPENINGS:
        if start.startswith(opening.lower()):
            return Kind(found, text=True)
    if start.startswith(b"<"):
        by_mark = [found for mark, found in MARKUP if mark in start]
        markup = "application/xml" if start.startswith(b"<?xml") else PLAIN
        return Kind(by_mark[0] if by_mark else markup, text=True)
    return Kind(TEXT_KINDS.get(ending, PLAIN), text=True)
