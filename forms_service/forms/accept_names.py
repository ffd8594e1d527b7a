"""Display names of file types in HTML's `accept`."""

NAMES = {
    ".doc": "Word",
    ".docx": "Word",
    ".xls": "Excel",
    ".xlsx": "Excel",
    ".ppt": "PowerPoint",
    ".pptx": "PowerPoint",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".txt": "plain text",
    ".md": "Markdown",
    ".odt": "OpenDocument text",
    ".ods": "OpenDocument spreadsheet",
    "application/pdf": "PDF",
    "application/msword": "Word",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.ms-excel": "Excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.ms-powerpoint": "PowerPoint",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
    "application/vnd.oasis.opendocument.text": "OpenDocument text",
    "application/vnd.oasis.opendocument.spreadsheet": "OpenDocument spreadsheet",
    "application/zip": "ZIP",
    "text/plain": "plain text",
    "text/*": "text",
    "image/*": "image",
    "image/svg+xml": "SVG",
    "audio/*": "sound",
    "video/*": "video",
}


def describe_types(accept: str) -> str:
    """Format as "PDF, Word or image"."""
    entries = [entry.strip().lower() for entry in accept.split(",")]
    if "*/*" in entries:
        return ""
    names = list(dict.fromkeys(_name_of(entry) for entry in entries if entry))
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _name_of(entry: str) -> str:
    if entry in NAMES:
        return NAMES[entry]
    return entry.rpartition("/")[2].removeprefix(".").removeprefix("x-").upper()
