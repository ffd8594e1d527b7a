"""Whether a file is one of those that a form asks for: held against its content, and its name where that says more."""

from forms_service.uploads.content_types import GENERIC, PLAIN, UNKNOWN, Kind, same
from forms_service.uploads.extensions import TYPES, canonical, ending, families, meant_by
from forms_service.uploads.filenames import extension
from forms_service.uploads.signatures import JAVA_ARCHIVE, OLE, PROGRAMS, ZIP

MEDIA = frozenset({"image", "audio", "video", "font"})
SOUND_AND_FILM = frozenset({"audio", "video"})
TEXT_IN_MEDIA = frozenset(
    {
        *(".svg", ".dxf", ".eps", ".ai", ".ps", ".xpm", ".xbm", ".ppm", ".pgm", ".pbm", ".pnm"),
        *(".m3u", ".m3u8", ".pls", ".x3d", ".wrl"),
    }
)
"""Images, sounds and films that are text."""

PROGRAM_NAMES = frozenset(
    {
        *(".exe", ".dll", ".sys", ".scr", ".com", ".cpl", ".ocx", ".efi", ".mui", ".lnk", ".class", ".wasm"),
        *(".jar", ".war", ".ear", ".aar", ".apk", ".aab", ".xpi"),
        *(".elf", ".so", ".o", ".bin", ".run", ".out", ".ko", ".macho", ".dylib", ".bundle"),
    }
)
"""What programs are called where nothing is hidden by it."""

RECOGNISED = frozenset(
    {
        *(".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".png", ".psd", ".tif", ".tiff", ".webp"),
        *(".doc", ".docx", ".odp", ".ods", ".odt", ".pdf", ".ppt", ".pptx", ".rtf", ".xls", ".xlsx"),
        *(".7z", ".gz", ".zip"),
    }
)
"""Extensions of formats that are always recognised: without their mark a file is something else."""

MADE_OF = {
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


def accepted(kind: Kind, name: str, accept: str) -> bool:
    """Whether a file is one of those that `accept` lists, as in HTML: extensions, types, and types with a star.

    Its content or its name has to say so, and its content must not say that it is something else.
    """
    wishes = [wish.strip().lower() for wish in accept.split(",") if wish.strip()]
    return not wishes or any(_fulfils(wish, kind, name) for wish in wishes)


def _fulfils(wish: str, kind: Kind, name: str) -> bool:
    if wish in ("*", "*/*"):
        return True
    meant = meant_by(wish)
    if wish.startswith("."):
        by_content = any(_is(kind, end) for end in meant)
    else:
        by_content = _is_of_type(wish, kind) or (not meant and _is_nothing_else(kind))
    return by_content or (ending(name, meant) and _may_be_called(extension(name), kind))


def _is_of_type(wish: str, kind: Kind) -> bool:
    """Whether the content is of that type or family."""
    if wish.endswith("/*"):  # what a browser would run, a drawing too, has to be called so
        return kind.type.startswith(wish[:-1]) and kind.served_as == kind.type
    if canonical(wish) == PLAIN:
        return kind.type.startswith("text/") and kind.served_as == kind.type
    return canonical(same(wish.partition(";")[0].strip())) == canonical(kind.type) != UNKNOWN


def _is_nothing_else(kind: Kind) -> bool:
    """Whether the content may be of a type that no table knows: nothing that is known, and no program."""
    return kind.type in (UNKNOWN, PLAIN, ZIP, OLE) and kind.type not in PROGRAMS


def _is(kind: Kind, end: str) -> bool:
    """Whether the content alone says that it is what goes by this extension."""
    known = kind.type not in (UNKNOWN, PLAIN, "text/html", *PROGRAMS) and kind.type not in GENERIC
    return known and end in RECOGNISED and canonical(kind.type) in TYPES.get(end, ())


def _may_be_called(end: str, kind: Kind) -> bool:
    """Whether the content is no other than the extension says, as far as anybody can tell."""
    if kind.type in PROGRAMS:
        return end in PROGRAM_NAMES or (kind.type == JAVA_ARCHIVE and end == ".zip")
    made_of = MADE_OF.get(end, frozenset())
    if end in kind.extensions or canonical(kind.type) in TYPES.get(end, ()) or {kind.container, kind.type} & made_of:
        return True
    return end not in RECOGNISED and _fits(kind, end)


def _fits(kind: Kind, end: str) -> bool:
    """Whether the content may be a format that has no mark of its own, or is made of another."""
    expected = families(end)
    if kind.type == UNKNOWN:
        return True
    if kind.text:
        return not expected or bool(expected - MEDIA) or end in TEXT_IN_MEDIA
    family = kind.type.partition("/")[0]
    if family in SOUND_AND_FILM:
        return bool(expected & SOUND_AND_FILM)
    return family in expected if family in MEDIA else not expected or bool(expected - MEDIA)
