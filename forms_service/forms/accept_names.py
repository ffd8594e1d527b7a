"""Display names of file types in HTML's `accept`."""

from forms_service.languages.catalogues import translate
from forms_service.languages.formats import format_alternatives
from forms_service.languages.sentences import N_

NAMES = {
    ".doc": "Word",
    ".docx": "Word",
    ".xls": "Excel",
    ".xlsx": "Excel",
    ".ppt": "PowerPoint",
    ".pptx": "PowerPoint",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".txt": N_("plain text"),
    ".md": "Markdown",
    ".odt": N_("OpenDocument text"),
    ".ods": N_("OpenDocument spreadsheet"),
    "application/pdf": "PDF",
    "application/msword": "Word",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.ms-powerpoint": "PowerPoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
    "application/vnd.oasis.opendocument.text": N_("OpenDocument text"),
    "application/vnd.oasis.opendocument.spreadsheet": N_("OpenDocument spreadsheet"),
    "application/zip": "ZIP",
    "text/plain": N_("plain text"),
    "text/*": N_("text"),
    "image/*": N_("image"),
    "image/svg+xml": "SVG",
    "audio/*": N_("sound"),
    "video/*": N_("video"),
}


def describe_types(accept: str, language: str) -> str:
    """Format as "PDF, Word or image"."""
    entries = [entry.strip().lower() for entry in accept.split(",")]
    if "*/*" in entries:
        return ""
    names = dict.fromkeys(translate(_name_of(entry), language) for entry in entries if entry)
    return format_alternatives(list(names), language)


def _name_of(entry: str) -> str:
    if entry in NAMES:
        return NAMES[entry]
    return entry.rpartition("/")[2].removeprefix(".").removeprefix("x-").upper()
