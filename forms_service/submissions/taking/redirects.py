"""Where a browser may be sent afterwards: back to the site that the form stands on, or where the owner says."""

from collections.abc import Collection
from urllib.parse import quote, urlsplit

SCHEMES = {"http": 80, "https": 443}

SAFE = "/:?#[]@!$&'()*+,;=%~"
"""What stays as it is in a Location header; the rest is percent-encoded."""


def destination(wanted: str | None, *, site: str | None, listed: Collection[str]) -> str | None:
    """The absolute URL to go on to; None where there is none, or it is not one that this form may lead to.

    `site` is the origin that the form was posted from, to which a path belongs; `listed` are whole URLs.
    """
    if site and wanted and wanted.startswith("/") and not wanted.startswith("//"):
        wanted = site + wanted
    origin = origin_of(wanted)
    if not wanted or origin is None:
        return None
    return quote(wanted, safe=SAFE) if origin == site or wanted in listed else None


def origin_of(url: str | None) -> str | None:
    """Scheme, host and port of a URL as a browser writes them in Origin; None for what has none."""
    if not url or not _harmless(url):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in SCHEMES or not parts.hostname or "@" in parts.netloc or not parts.netloc.isascii():
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != SCHEMES[parts.scheme] else "")


def _harmless(url: str) -> bool:
    r"""Without what browsers read differently than it looks: `\`, white space, control characters."""
    return url.isprintable() and not any(mark in url for mark in "\\ ")
