"""Names of files as people may see and save them, whatever was sent."""

import re

from forms_service.validation.device_names import escape_device_name
from forms_service.validation.text import normalize_unicode

MAX_NAME_BYTES = 255
"""Bytes of a name that the file systems in use take."""

MAX_EXTENSION_LENGTH = 20
UNNAMED = "unnamed"
MAX_READ = 500
"""Characters at either end of a name that are looked at."""

_NOT_SEEN = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb]"
)
"""Marks without a look of their own, among them those that turn text around: `exe.fdp` reads as `pdf.exe`. The joiners
and selectors that emoji and some scripts are made with stay."""

_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')
_ENDS = " .\u200c\u200d"
"""What no name begins or ends with: Windows drops blanks and dots."""


def sanitize_filename(sent: str) -> str:
    """The last part of a path, in NFC, without invisible and forbidden characters; at most MAX_NAME_BYTES bytes."""
    name = _NOT_SEEN.sub("", sent[max(sent.rfind("/"), sent.rfind("\\")) + 1 :])
    if len(name) > 2 * MAX_READ:
        name = name[:MAX_READ] + name[-MAX_READ:]
    name = normalize_unicode(name)
    name = " ".join(_NOT_ON_WINDOWS.sub("_", name).split()).strip(_ENDS)
    return escape_device_name(_shorten(name)) or UNNAMED


def extension(name: str) -> str:
    """The extension in lower case with its dot; "" if there is none."""
    stem, dot, last = name.rpartition(".")
    return f".{last.lower()}" if stem and dot and last else ""


def _shorten(name: str) -> str:
    """Cut in the stem, so that the extension stays."""
    longest = MAX_NAME_BYTES - 1  # an underscore may come before it
    if len(name.encode()) <= longest:
        return name
    ending = name[len(name) - len(extension(name)) :]
    if len(ending.encode()) > MAX_EXTENSION_LENGTH:
        ending = ""
    stem = name[: len(name) - len(ending)].encode()[: longest - len(ending.encode())]
    return stem.decode(errors="ignore").rstrip(_ENDS) + ending
