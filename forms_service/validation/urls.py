"""Addresses on the web: what a person may type as one, and what an owner may allow."""

import re
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

import ada_url
import idna

MAX_URL_LENGTH = 2000

WILDCARD = "://*."
"""Between the scheme and the domain of an origin that stands for the origins of all subdomains."""

SCRIPTED = frozenset(
    (
        "javascript",
        "data",
        "vbscript",
        "livescript",
        "mocha",
        "blob",
        "filesystem",
        "view-source",
        "jar",
        "feed",
    )
)
"""Schemes that run or show whatever is written after them, wherever such a link is put."""

_NEVER = re.compile(r'[\x00-\x20\x7f-\x9f"<>\\^`{|}\u00a0\u2028\u2029]|%(?![0-9A-Fa-f]{2})')
_LABEL = re.compile(r"[a-z0-9_-]+")


def is_url(text: str) -> bool:
    """Whether the URL Standard takes it for an absolute URL, as browsers do, and it runs no script; none is visited."""
    scheme = _scheme(text)
    return len(scheme) > 1 and scheme not in SCRIPTED  # one letter is a drive of Windows


def is_web_url(text: str) -> bool:
    """Whether it is an absolute http or https URL without user and password: fit to lead a browser to."""
    url = _parse_web_url(text)
    return url is not None and "@" not in url.netloc


def parse_origin(text: str) -> str:
    """The origin as a browser sends it: scheme, host and a port that is not the scheme's own, in lower case.

    :raises ValueError: when it is none, or has a path
    """
    url = _parse_web_url(text.rstrip("/")) if "*" not in text else None
    if url is None or "@" in url.netloc or url.path or url.query or url.fragment:
        raise ValueError("no origin")
    host = to_ascii_host(text)
    shown = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{shown}" + (f":{url.port}" if url.port not in (None, usual) else "")


def parse_origin_pattern(text: str) -> str:
    """The origin, or those of a domain's subdomains: `https://*.example.com`, where `*` stands for one label.

    :raises ValueError: when it is neither
    """
    scheme, wildcard, parent = text.partition(WILDCARD)
    if not wildcard:
        return parse_origin(text)
    origin = parse_origin(f"{scheme}://{parent}")
    if to_ascii_host(origin).rpartition(".")[2].isdigit() or "[" in origin:
        raise ValueError("an address has no subdomains")
    return origin.replace("://", WILDCARD)


def matches_origin(origin: str, allowed: Collection[str]) -> bool:
    """Whether the origin that a browser sent is one of those, or a subdomain under one with a wildcard."""
    origin = origin.lower()
    if origin in allowed:
        return "*" not in origin
    scheme, _, host = origin.partition("://")
    label, _, parent = host.partition(".")
    return bool(_LABEL.fullmatch(label)) and f"{scheme}{WILDCARD}{parent}" in allowed


def to_ascii_host(url: str) -> str:
    """The host of a URL as a browser writes it (UTS 46): lower case, letters of other scripts as `xn--…`.

    :raises ValueError: when it has none, or one with characters that none may have
    """
    host = urlsplit(url).hostname or ""
    if host and host.isascii():
        return host
    labels = idna.uts46_remap(host, std3_rules=False).split(".")
    shown = [label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels]
    if not all(shown):
        raise ValueError("no host")
    return ".".join(shown)


def _parse_web_url(text: str) -> SplitResult | None:
    if len(text) > MAX_URL_LENGTH or _NEVER.search(text) or _scheme(text) not in ("http", "https"):
        return None
    try:
        url = urlsplit(text)
        fits = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return None
    return url if fits else None


def _scheme(text: str) -> str:
    try:
        return ada_url.URL(text).protocol.removesuffix(":")
    except ValueError:
        return ""
