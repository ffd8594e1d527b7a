"""Checks files against their field's `accept` list."""

from forms_service.uploads.content_types import GENERIC_TYPES, PLAIN_TEXT, UNKNOWN, FileType, normalize_type
from forms_service.uploads.extensions import (
    TYPES_BY_EXTENSION,
    extensions_for,
    get_families,
    has_extension,
    strip_type_prefix,
)
from forms_service.uploads.filenames import get_extension
from forms_service.uploads.signatures import JAVA_ARCHIVE, OLE, PROGRAMS, ZIP

MEDIA = frozenset({"image", "audio", "video", "font"})
AUDIO_AND_VIDEO = frozenset({"audio", "video"})
TEXT_BASED_MEDIA = frozenset(
    {
        *(".svg", ".dxf", ".eps", ".ai", ".ps", ".xpm", ".xbm", ".ppm", ".pgm", ".pbm", ".pnm"),
        *(".m3u", ".m3u8", ".pls", ".x3d", ".wrl"),
    }
)

PROGRAM_EXTENSIONS = frozenset(
    {
        *(".exe", ".dll", ".sys", ".scr", ".com", ".cpl", ".ocx", ".efi", ".mui", ".lnk", ".class", ".wasm"),
        *(".jar", ".war", ".ear", ".aar", ".apk", ".aab", ".xpi"),
        *(".elf", ".so", ".o", ".bin", ".run", ".out", ".ko", ".macho", ".dylib", ".bundle"),
    }
)
"""Extensions that do not disguise a program."""

DETECTABLE = frozenset(
    {
        *(".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".psd", ".tif", ".tiff", ".webp"),
        *(".doc", ".docx", ".odp", ".ods", ".odt", ".pdf", ".ppt", ".pptx", ".rtf", ".xls", ".xlsx"),
        *(".7z", ".gz", ".zip"),
    }
)
CONTAINERS = {
    ".doc": frozenset({OLE, ZIP, "application/rtf"}),
    ".dot": frozenset({OLE, ZIP, "application/rtf"}),
    ".docx": frozenset({ZIP, OLE}),
    ".xls": frozenset({OLE, ZIP}),
    ".xlsx": frozenset({ZIP, OLE}),
    ".ppt": frozenset({OLE, ZIP}),
    ".pptx": frozenset({ZIP, OLE}),
    ".svgz": frozenset({"application/gzip"}),
    ".emz": frozenset({"application/gzip"}),
    ".wmz": frozenset({"application/gzip"}),
}
"""Office programs save other formats: old, rich text, locked files as OLE."""


def is_accepted(file_type: FileType, name: str, accept: str) -> bool:
    """Whether content or name match `accept`, without contradicting content."""
    entries = [entry.strip().lower() for entry in accept.split(",") if entry.strip()]
    return not entries or any(_matches_entry(entry, file_type, name) for entry in entries)


def _matches_entry(entry: str, file_type: FileType, name: str) -> bool:
    if entry in ("*", "*/*"):
        return True
    extensions = extensions_for(entry)
    if entry.startswith("."):
        matches_content = any(_is_certainly(file_type, suffix) for suffix in extensions)
    else:
        matches_content = _is_of_type(entry, file_type) or (not extensions and _is_nothing_else(file_type))
    return matches_content or (has_extension(name, extensions) and _is_consistent_with(get_extension(name), file_type))


def _is_of_type(entry: str, file_type: FileType) -> bool:
    if entry.endswith("/*"):  # active content, SVG too, must be listed explicitly
        return file_type.type.startswith(entry[:-1]) and file_type.served_as == file_type.type
    if strip_type_prefix(entry) == PLAIN_TEXT:
        return file_type.type.startswith("text/") and file_type.served_as == file_type.type
    listed = strip_type_prefix(normalize_type(entry.partition(";")[0].strip()))
    return listed == strip_type_prefix(file_type.type) != UNKNOWN


def _is_nothing_else(file_type: FileType) -> bool:
    return file_type.type in (UNKNOWN, PLAIN_TEXT, ZIP, OLE) and file_type.type not in PROGRAMS


def _is_certainly(file_type: FileType, suffix: str) -> bool:
    is_specific = file_type.type not in (UNKNOWN, PLAIN_TEXT, "text/html", *PROGRAMS, *GENERIC_TYPES)
    is_detectable = is_specific and suffix in DETECTABLE
    return is_detectable and strip_type_prefix(file_type.type) in TYPES_BY_EXTENSION.get(suffix, ())


def _is_consistent_with(suffix: str, file_type: FileType) -> bool:
    if file_type.type in PROGRAMS:
        return suffix in PROGRAM_EXTENSIONS or (file_type.type == JAVA_ARCHIVE and suffix == ".zip")
    containers = CONTAINERS.get(suffix, frozenset())
    if (
        suffix in file_type.extensions
        or strip_type_prefix(file_type.type) in TYPES_BY_EXTENSION.get(suffix, ())
        or {file_type.container, file_type.type} & containers
    ):
        return True
    return suffix not in DETECTABLE and _may_be_family(file_type, suffix)


def _may_be_family(file_type: FileType, suffix: str) -> bool:
    expected = get_families(suffix)
    if file_type.type == UNKNOWN:
        return True
    if file_type.text:
        return not expected or bool(expected - MEDIA) or suffix in TEXT_BASED_MEDIA
    family = file_type.type.partition("/")[0]
    if family in AUDIO_AND_VIDEO:
        return bool(expected & AUDIO_AND_VIDEO)
    return family in expected if family in MEDIA else not expected or bool(expected - MEDIA)
