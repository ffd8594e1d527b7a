"""Client addresses behind trusted proxies, and the mount path."""

import ipaddress
import logging
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from flask import Flask, request

from forms_service.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDED_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")
UNCOUNTED_PROXY = "uncounted-proxy"
"""Marker file: X-Forwarded-For arrived while TRUSTED_PROXIES is 0."""

SILENT_PROXY = "silent-proxy"
"""Marker file: in production one private address sent every request."""

MIN_REQUESTS = 50
"""From one private address, which make it a suspected proxy."""

OWN_PATHS = ("/health", "/metrics", "/static")
"""Not counted: local monitors request them."""

Parse = Callable[[str, str], str]
"""Header value, fallback → parsed value."""

REMEMBERED = 1024
"""Cached; parsing one takes 20 µs."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

log = logging.getLogger(__name__)


def init_app(app: Flask, settings: Settings) -> None:
    wsgi_app: WSGIApplication = app.wsgi_app
    if settings.public_path:
        wsgi_app = PathPrefix(wsgi_app, settings.public_path)
    app.wsgi_app = TrustedProxies(wsgi_app, settings)  # type: ignore[method-assign]  # Flask's documented way


def client_address() -> str:
    """Return "unknown" on a Unix socket without a trusted proxy."""
    return str(_parsed(request.remote_addr or "") or "unknown")


def client_key() -> str:
    """Return the IPv4 address, or the customer's IPv6 /64."""
    return _key(request.remote_addr or "")


def client_for_log(how: str) -> str | None:
    """Follow LOG_CLIENT: `truncated` (IPv4 /24, IPv6 /48), `full` or `none`."""
    return _for_log(request.remote_addr or "", how)


@lru_cache(REMEMBERED)
def _key(remote: str) -> str:
    address = _parsed(remote)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address or "unknown")


@lru_cache(REMEMBERED)
def _for_log(remote: str, how: str) -> str | None:
    address = _parsed(remote)
    if how == "none" or address is None:
        return None
    if how == "full":
        return str(address)
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network((address, prefix), strict=False).network_address)


@lru_cache(REMEMBERED)
def _parsed(remote: str) -> Address | None:
    try:
        address = ipaddress.ip_address(remote.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


class TrustedProxies:
    """Trusts the last TRUSTED_PROXIES proxies' X-Forwarded-For and X-Forwarded-Proto."""

    def __init__(self, app: "WSGIApplication", settings: Settings) -> None:
        self._app = app
        self._count = settings.trusted_proxies
        self._folder = settings.instance_path
        self._warned = False
        self._only_address = ""
        self._requests = 0 if settings.production else MIN_REQUESTS

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if self._requests < MIN_REQUESTS and not environ.get("PATH_INFO", "").startswith(OWN_PATHS):
            self._look_for_silent_proxy(environ)
        if self._count:
            environ["REMOTE_ADDR"] = self._counted(environ, FORWARDED_HEADERS[0], _host, environ.get("REMOTE_ADDR", ""))
            environ["wsgi.url_scheme"] = self._counted(
                environ, FORWARDED_HEADERS[1], _scheme, environ["wsgi.url_scheme"]
            )
        elif not self._warned and FORWARDED_HEADERS[0] in environ:
            self._warn()
        return self._app(environ, start_response)

    def _counted(self, environ: "WSGIEnvironment", header: str, parse: Parse, otherwise: str) -> str:
        values = [value.strip() for value in environ.get(header, "").split(",") if value.strip()]
        # min: a proxy that overwrites the header leaves fewer entries
        return parse(values[-min(self._count, len(values))], otherwise) if values else otherwise

    def _look_for_silent_proxy(self, environ: "WSGIEnvironment") -> None:
        address = environ.get("REMOTE_ADDR", "")
        self._only_address = self._only_address or address
        if FORWARDED_HEADERS[0] in environ or address != self._only_address or not _is_private(address):
            self._requests = MIN_REQUESTS
            return
        self._requests += 1
        if self._requests == MIN_REQUESTS:
            self._record(
                SILENT_PROXY,
                f"All of {MIN_REQUESTS} requests came from one private address without X-Forwarded-For. Behind a "
                "proxy that does not send it, all visitors share one rate limit. Have the proxy send X-Forwarded-For "
                "and X-Forwarded-Proto, and set TRUSTED_PROXIES to the number of proxies (see deploy/).",
            )

    def _warn(self) -> None:
        self._warned = True
        self._record(
            UNCOUNTED_PROXY,
            "A request had X-Forwarded-For, but TRUSTED_PROXIES is 0: behind a proxy all visitors share one rate "
            "limit. Set TRUSTED_PROXIES to the number of proxies.",
        )

    def _record(self, marker_file: str, message: str) -> None:
        log.warning(message)
        try:
            (self._folder / marker_file).touch(mode=0o600)
        except OSError:
            log.debug("Could not record the proxy for flask doctor.")


class PathPrefix:
    """Mounts the app at PUBLIC_URL's path, stripped by the proxy or not."""

    def __init__(self, app: "WSGIApplication", prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not environ.get("SCRIPT_NAME"):
            path = environ.get("PATH_INFO", "")
            if path == self._prefix or path.startswith(self._prefix + "/"):
                environ["PATH_INFO"] = path[len(self._prefix) :] or "/"
            environ["SCRIPT_NAME"] = self._prefix
        return self._app(environ, start_response)


def _is_private(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return not address  # empty on a Unix socket


def _host(value: str, otherwise: str) -> str:
    bare = value.strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        return otherwise


def _scheme(value: str, otherwise: str) -> str:
    return value.lower() if value.lower() in ("http", "https") else otherwise
