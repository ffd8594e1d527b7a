"""Names of files as people may see and save them, whatever was sent."""

import re
import unicodedata

LONGEST = 255
"""Bytes of a name that the file systems in use take."""

LONGEST_EXTENSION = 20
UNNAMED = "unnamed"

_NOT_SEEN = re.compile("[\u200b\u200e\u200f\u061c\u2028-\u202e\u2060-\u2069\ufeff]")
"""Marks without a look of their own, among them those that turn text around: `exe.fdp` reads as `pdf.exe`."""

_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
"""Names that are devices on Windows, with any extension."""


def safe(sent: str) -> str:
    """The last part of a path, in NFC, without what is not seen or not allowed somewhere; at most LONGEST bytes."""
    name = unicodedata.normalize("NFC", re.split(r"[/\\]", sent)[-1])
    name = _NOT_SEEN.sub("", "".join(mark for mark in name if unicodedata.category(mark) not in ("Cc", "Cs")))
    name = " ".join(_NOT_ON_WINDOWS.sub("_", name).split()).strip(". ")
    if _DEVICES.fullmatch(name.split(".")[0].rstrip()):
        name = f"_{name}"
    return _shortened(name) or UNNAMED


def extension(name: str) -> str:
    """The extension in lower case with its dot; "" if there is none."""
    stem, dot, last = name.rpartition(".")
    return f".{last.lower()}" if stem and dot and last else ""


def _shortened(name: str) -> str:
    """Cut in the stem, so that the extension stays."""
    if len(name.encode()) <= LONGEST:
        return name
    ending = name[len(name) - len(extension(name)) :]
    if len(ending.encode()) > LONGEST_EXTENSION:
        ending = ""
    stem = name[: len(name) - len(ending)].encode()[: LONGEST - len(ending.encode())]
    return stem.decode(errors="ignore").rstrip(". ") + ending
