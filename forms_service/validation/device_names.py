"""Names that Windows takes for devices, whatever their extension: `con.txt` cannot be saved, opened or deleted."""

import re
import unicodedata

DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9])")

IGNORABLE = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters without a look of their own: programs drop them, and what is left may be a device."""

MAX_DEVICE = 40
"""Characters in which a device's name would be over, blanks behind it included."""


def is_device_name(name: str) -> bool:
    """Whether Windows takes the name for a device, or would once full-width, superscript or unseen marks are gone."""
    plain = unicodedata.normalize("NFKC", IGNORABLE.sub("", name).lstrip(" .")[:MAX_DEVICE])
    return bool(DEVICE.fullmatch(re.split(r"[.:]", plain)[0].strip().lower()))


def escape_device_name(name: str) -> str:
    """The name with an underscore before it if it is a device's. Nothing may be taken off its beginning afterwards."""
    return f"_{name}" if is_device_name(name) else name
