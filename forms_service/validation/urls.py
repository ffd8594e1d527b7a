"""Checks of URLs and origins."""

import re
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

import ada_url
import idna

MAX_URL_LENGTH = 2000

WILDCARD = "://*."
"""`*` stands for one label."""

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
"""Run or render what follows."""

_NEVER = re.compile(r'[\x00-\x20\x7f-\x9f"<>\\^`{|}\u00a0\u2028\u2029]|%(?![0-9A-Fa-f]{2})')
_LABEL = re.compile(r"[a-z0-9_-]+")


def is_url(text: str) -> bool:
    """Whether it is absolute and scriptless, as browsers read it."""
    scheme = _scheme(text)
    return len(scheme) > 1 and scheme not in SCRIPTED  # a single letter is a Windows drive


def is_web_url(text: str) -> bool:
    """Whether it is absolute http(s) without credentials."""
    url = _parse_web_url(text)
    return url is not None and "@" not in url.netloc


def parse_origin(text: str) -> str:
    """Return it as browsers send it, or raise ValueError."""
    url = _parse_web_url(text.rstrip("/")) if "*" not in text else None
    if url is None or "@" in url.netloc or url.path or url.query or url.fragment:
        raise ValueError("not an origin")
    host = to_ascii_host(text)
    host_part = f"[{host}]" if ":" in host else host
    default_port = {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{host_part}" + (f":{url.port}" if url.port not in (None, default_port) else "")


def parse_origin_pattern(text: str) -> str:
    """Accept `https://*.example.com` for one label, or raise ValueError."""
    scheme, wildcard, parent = text.partition(WILDCARD)
    if not wildcard:
        return parse_origin(text)
    origin = parse_origin(f"{scheme}://{parent}")
    if to_ascii_host(origin).rpartition(".")[2].isdigit() or "[" in origin:
        raise ValueError("an IP address has no subdomains")
    return origin.replace("://", WILDCARD)


def matches_origin(origin: str, allowed: Collection[str]) -> bool:
    """Let a wildcard stand for one label."""
    origin = origin.lower()
    if origin in allowed:
        return "*" not in origin
    scheme, _, host = origin.partition("://")
    label, _, parent = host.partition(".")
    return bool(_LABEL.fullmatch(label)) and f"{scheme}{WILDCARD}{parent}" in allowed


def to_ascii_host(url: str) -> str:
    """Return it as browsers write it (UTS 46), or raise ValueError."""
    host = urlsplit(url).hostname or ""
    if host and host.isascii():
        return host
    labels = idna.uts46_remap(host, std3_rules=False).split(".")
    ascii_labels = [label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in labels]
    if not all(ascii_labels):
        raise ValueError("not a host")
    return ".".join(ascii_labels)


def _parse_web_url(text: str) -> SplitResult | None:
    if len(text) > MAX_URL_LENGTH or _NEVER.search(text) or _scheme(text) not in ("http", "https"):
        return None
    try:
        url = urlsplit(text)
        is_valid = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return None
    return url if is_valid else None


def _scheme(text: str) -> str:
    try:
        return ada_url.URL(text).protocol.removesuffix(":")
    except ValueError:
        return ""
