"""Whether a file is one of those that a form asks for: held against its content, and its name where that says more."""

from forms_service.uploads.content_types import GENERIC_TYPES, PLAIN_TEXT, UNKNOWN, FileType, normalize_type
from forms_service.uploads.extensions import TYPES, canonical, ending, families, meant_by
from forms_service.uploads.filenames import extension
from forms_service.uploads.signatures import JAVA_ARCHIVE, OLE, PROGRAMS, ZIP

MEDIA = frozenset({"image", "audio", "video", "font"})
AUDIO_AND_VIDEO = frozenset({"audio", "video"})
TEXT_BASED_MEDIA = frozenset(
    {
        *(".svg", ".dxf", ".eps", ".ai", ".ps", ".xpm", ".xbm", ".ppm", ".pgm", ".pbm", ".pnm"),
        *(".m3u", ".m3u8", ".pls", ".x3d", ".wrl"),
    }
)
"""Images, sounds and films that are text."""

PROGRAM_EXTENSIONS = frozenset(
    {
        *(".exe", ".dll", ".sys", ".scr", ".com", ".cpl", ".ocx", ".efi", ".mui", ".lnk", ".class", ".wasm"),
        *(".jar", ".war", ".ear", ".aar", ".apk", ".aab", ".xpi"),
        *(".elf", ".so", ".o", ".bin", ".run", ".out", ".ko", ".macho", ".dylib", ".bundle"),
    }
)
"""What programs are called where nothing is hidden by it."""

DETECTABLE = frozenset(
    {
        *(".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".psd", ".tif", ".tiff", ".webp"),
        *(".doc", ".docx", ".odp", ".ods", ".odt", ".pdf", ".ppt", ".pptx", ".rtf", ".xls", ".xlsx"),
        *(".7z", ".gz", ".zip"),
    }
)
"""Extensions of formats that are always recognised: without their mark a file is something else."""

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
"""What is found under an extension: office programs save an old format, a new one or rich text, locked files as OLE."""


def is_accepted(file_type: FileType, name: str, accept: str) -> bool:
    """Whether a file is one of those that `accept` lists, as in HTML: extensions, types, and types with a star.

    Its content or its name has to say so, and its content must not say that it is something else.
    """
    entries = [entry.strip().lower() for entry in accept.split(",") if entry.strip()]
    return not entries or any(_matches_entry(entry, file_type, name) for entry in entries)


def _matches_entry(entry: str, file_type: FileType, name: str) -> bool:
    if entry in ("*", "*/*"):
        return True
    meant = meant_by(entry)
    if entry.startswith("."):
        by_content = any(_is_certainly(file_type, end) for end in meant)
    else:
        by_content = _is_of_type(entry, file_type) or (not meant and _is_nothing_else(file_type))
    return by_content or (ending(name, meant) and _is_consistent_with(extension(name), file_type))


def _is_of_type(entry: str, file_type: FileType) -> bool:
    """Whether the content is of that type or family."""
    if entry.endswith("/*"):  # what a browser would run, a drawing too, has to be called so
        return file_type.type.startswith(entry[:-1]) and file_type.served_as == file_type.type
    if canonical(entry) == PLAIN_TEXT:
        return file_type.type.startswith("text/") and file_type.served_as == file_type.type
    return canonical(normalize_type(entry.partition(";")[0].strip())) == canonical(file_type.type) != UNKNOWN


def _is_nothing_else(file_type: FileType) -> bool:
    """Whether the content may be of a type that no table knows: nothing that is known, and no program."""
    return file_type.type in (UNKNOWN, PLAIN_TEXT, ZIP, OLE) and file_type.type not in PROGRAMS


def _is_certainly(file_type: FileType, end: str) -> bool:
    """Whether the content alone says that it is what goes by this extension."""
    known = file_type.type not in (UNKNOWN, PLAIN_TEXT, "text/html", *PROGRAMS) and file_type.type not in GENERIC_TYPES
    return known and end in DETECTABLE and canonical(file_type.type) in TYPES.get(end, ())


def _is_consistent_with(end: str, file_type: FileType) -> bool:
    """Whether the content is no other than the extension says, as far as anybody can tell."""
    if file_type.type in PROGRAMS:
        return end in PROGRAM_EXTENSIONS or (file_type.type == JAVA_ARCHIVE and end == ".zip")
    made_of = CONTAINERS.get(end, frozenset())
    if (
        end in file_type.extensions
        or canonical(file_type.type) in TYPES.get(end, ())
        or {file_type.container, file_type.type} & made_of
    ):
        return True
    return end not in DETECTABLE and _may_be_family(file_type, end)


def _may_be_family(file_type: FileType, end: str) -> bool:
    """Whether the content may be a format that has no mark of its own, or is made of another."""
    expected = families(end)
    if file_type.type == UNKNOWN:
        return True
    if file_type.text:
        return not expected or bool(expected - MEDIA) or end in TEXT_BASED_MEDIA
    family = file_type.type.partition("/")[0]
    if family in AUDIO_AND_VIDEO:
        return bool(expected & AUDIO_AND_VIDEO)
    return family in expected if family in MEDIA else not expected or bool(expected - MEDIA)
