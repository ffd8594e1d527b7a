"""Where a browser may be sent afterwards: back to the site that the form stands on, or where the owner says."""

import re
from collections.abc import Collection
from urllib.parse import quote, urlsplit

from forms_service.validation.urls import to_ascii_host

SCHEMES = {"http": 80, "https": 443}

SAFE = "/:?#[]@!$&'()*+,;=%~"
"""What stays as it is in a Location header; the rest is percent-encoded."""

HOST = re.compile(r"[a-z0-9._~-]+|[0-9a-f:.]+")
"""A name as browsers write it, or an IPv6 address; anything else they might read as another host."""


def destination(wanted: str | None, *, site: str | None, listed: Collection[str]) -> str | None:
    """The absolute URL to go on to; None where there is none, or it is not one that this form may lead to.

    `site` is the origin that the form was posted from, to which a path belongs; `listed` are whole URLs.
    """
    if site and wanted and wanted.startswith("/") and not wanted.startswith("//"):
        wanted = site + wanted
    url = _as_sent(wanted)
    if not wanted or url is None:
        return None
    return url if origin_of(wanted) == site or wanted in listed or url in map(_as_sent, listed) else None


def origin_of(url: str | None) -> str | None:
    """Scheme, host and port of a URL as a browser writes them in Origin; None for what has none."""
    if not url or not _harmless(url):
        return None
    try:
        parts = urlsplit(url)
        port, name = parts.port, to_ascii_host(url)
    except ValueError:
        return None
    if parts.scheme not in SCHEMES or "@" in parts.netloc or not HOST.fullmatch(name):
        return None
    if not parts.netloc.isascii() and not _is_spelled_out(parts.hostname or "", name):
        return None
    host = f"[{name}]" if ":" in name else name
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != SCHEMES[parts.scheme] else "")


def _as_sent(url: str | None) -> str | None:
    """The URL as a Location header holds it, its host as browsers write it; None for what no browser may be led to."""
    origin = origin_of(url)
    if not url or origin is None:
        return None
    parts = urlsplit(url)
    return quote(
        url if parts.netloc.isascii() else parts._replace(netloc=origin.partition("://")[2]).geturl(), safe=SAFE
    )


def _is_spelled_out(host: str, name: str) -> bool:
    """Whether each label with letters of other scripts keeps them, as `xn--…`: look-alikes of ASCII do not."""
    labels, names = host.split("."), name.split(".")
    same = len(labels) == len(names)
    return same and all(b.startswith("xn--") for a, b in zip(labels, names, strict=True) if not a.isascii())


def _harmless(url: str) -> bool:
    r"""Without what browsers read differently than it looks: `\`, white space but blanks, control characters."""
    return url.isprintable() and "\\" not in url
