"""Sanitises file names for display and download."""

import re

from forms_service.validation.device_names import escape_device_name
from forms_service.validation.text import normalize_unicode

MAX_NAME_BYTES = 255
"""Of common file systems."""

MAX_EXTENSION_LENGTH = 20
UNNAMED = "unnamed"
MAX_READ = 500
"""Characters at each end."""

_NOT_SEEN = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb]"
)
"""Direction overrides make `exe.fdp` read as `pdf.exe`. Joiners of emoji stay."""

_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')
_ENDS = " .\u200c\u200d"
"""Windows drops blanks and dots."""


def sanitize_filename(raw: str) -> str:
    """Return a path's last part within MAX_NAME_BYTES."""
    name = _NOT_SEEN.sub("", raw[max(raw.rfind("/"), raw.rfind("\\")) + 1 :])
    if len(name) > 2 * MAX_READ:
        name = name[:MAX_READ] + name[-MAX_READ:]
    name = normalize_unicode(name)
    name = " ".join(_NOT_ON_WINDOWS.sub("_", name).split()).strip(_ENDS)
    return escape_device_name(_shorten(name)) or UNNAMED


def get_extension(name: str) -> str:
    """Return lower case, or ""."""
    stem, dot, last = name.rpartition(".")
    return f".{last.lower()}" if stem and dot and last else ""


def _shorten(name: str) -> str:
    max_bytes = MAX_NAME_BYTES - 1  # an underscore may be prefixed
    if len(name.encode()) <= max_bytes:
        return name
    suffix = name[len(name) - len(get_extension(name)) :]
    if len(suffix.encode()) > MAX_EXTENSION_LENGTH:
        suffix = ""
    stem = name[: len(name) - len(suffix)].encode()[: max_bytes - len(suffix.encode())]
    return stem.decode(errors="ignore").rstrip(_ENDS) + suffix
