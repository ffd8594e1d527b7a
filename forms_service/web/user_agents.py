"""User agents for the log: family and major version, shared by many people."""

import re
from functools import lru_cache

FAMILIES = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/(\d{1,4})")),
    ("Opera", re.compile(r"\b(?:OPR|OPiOS|Opera)/(\d{1,4})")),
    ("Samsung", re.compile(r"\bSamsungBrowser/(\d{1,4})")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/(\d{1,4})")),
    ("Chrome", re.compile(r"\b(?:HeadlessChrome|Chrome|CriOS|Chromium)/(\d{1,4})")),
    ("Safari", re.compile(r"\bVersion/(\d{1,4})[^\n]{0,100} Safari/")),
    ("IE", re.compile(r"\b(?:MSIE |Trident/[^\n]{0,100}rv:)(\d{1,4})")),
)
"""Each before those that its user agent also names."""

ROBOT = re.compile(r"\b([A-Za-z][A-Za-z-]{0,30}(?:bot|spider|crawler))\b(?:/(\d{1,4}))?", re.IGNORECASE)
PRODUCT = re.compile(r"([A-Za-z][A-Za-z0-9_-]{1,30})(?:/v?(\d{1,4}))?(?=[./ ;]|$)")
OTHER = "other"
MAX_LENGTH = 300
"""Characters, stored with a session."""

MAX_READ = 500
"""Characters parsed."""


def family(user_agent: str) -> str:
    """Return "Firefox/128", or "other"."""
    return _family(user_agent[:MAX_READ])


@lru_cache(1000)
def _family(text: str) -> str:
    if not text:
        return ""
    robot = ROBOT.search(text)
    if robot:
        return _named(robot[1], robot[2])
    for name, pattern in FAMILIES:
        match = pattern.search(text)
        if match:
            return _named(name, match[1])
    product = PRODUCT.match(text)
    return _named(product[1], product[2]) if product else OTHER


def _named(name: str, version: str | None) -> str:
    return f"{name}/{version}" if version else name


PLATFORMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
"""Each before those that its user agent also names."""


def describe(user_agent: str | None) -> str:
    """Return words for people, such as "Firefox 128 on Windows"."""
    text = (user_agent or "")[:MAX_READ]
    name = family(text).replace("/", " ")
    if name in ("", OTHER):
        name = "Unknown program"
    system = next((words for token, words in PLATFORMS if token in text), None)
    return f"{name} on {system}" if system else name
