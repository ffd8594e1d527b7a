"""Windows device names, such as `con.txt`."""

import re
import unicodedata

DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9])")

IGNORABLE = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Programs drop these characters."""

MAX_DEVICE = 40


def is_device_name(name: str) -> bool:
    plain = unicodedata.normalize("NFKC", IGNORABLE.sub("", name).lstrip(" .")[:MAX_DEVICE])
    return bool(DEVICE.fullmatch(re.split(r"[.:]", plain)[0].strip().lower()))


def escape_device_name(name: str) -> str:
    """Prefix an underscore."""
    return f"_{name}" if is_device_name(name) else name
