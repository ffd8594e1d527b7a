"""Where a request really came from, and under which path the service is mounted: WSGI, before Flask looks."""

import ipaddress
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from flask import Flask

from forms_service.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDED_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")
UNCOUNTED_PROXY = "uncounted-proxy"
"""A file in the instance folder: a request came with X-Forwarded-For while TRUSTED_PROXIES is 0."""

SILENT_PROXY = "silent-proxy"
"""A file in the instance folder: in production all requests came from one private address, without X-Forwarded-For."""

MIN_REQUESTS = 50
"""Requests from one private address and no other, after which it is taken for a proxy."""

OWN_PATHS = ("/health", "/metrics", "/static")
"""What monitors on the same machine ask for."""

Parse = Callable[[str, str], str]
"""What a header says and what to fall back on → what to believe."""

log = logging.getLogger(__name__)


def init_app(app: Flask, settings: Settings) -> None:
    """Put both in front of the app."""
    wsgi_app: WSGIApplication = app.wsgi_app
    if settings.public_path:
        wsgi_app = PathPrefix(wsgi_app, settings.public_path)
    app.wsgi_app = TrustedProxies(wsgi_app, settings)  # type: ignore[method-assign]  # Flask's documented way


class TrustedProxies:
    """Believes X-Forwarded-For and X-Forwarded-Proto of as many proxies as are counted, from the right."""

    def __init__(self, app: "WSGIApplication", settings: Settings) -> None:
        self._app = app
        self._count = settings.trusted_proxies
        self._folder = settings.instance_path
        self._warned = False
        self._only_address = ""
        self._requests = 0 if settings.production else MIN_REQUESTS

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer with the address and scheme that the counted proxies saw."""
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
        """What the outermost counted proxy wrote; one that writes over the header instead of adding leaves fewer."""
        values = [value.strip() for value in environ.get(header, "").split(",") if value.strip()]
        return parse(values[-min(self._count, len(values))], otherwise) if values else otherwise

    def _look_for_silent_proxy(self, environ: "WSGIEnvironment") -> None:
        """Count requests until one shows that visitors can be told apart, or that they probably cannot."""
        address = environ.get("REMOTE_ADDR", "")
        self._only_address = self._only_address or address
        if FORWARDED_HEADERS[0] in environ or address != self._only_address or not _is_private(address):
            self._requests = MIN_REQUESTS
            return
        self._requests += 1
        if self._requests == MIN_REQUESTS:
            self._note(
                SILENT_PROXY,
                f"All of {MIN_REQUESTS} requests came from one private address without X-Forwarded-For. Behind a "
                "proxy that does not send it, all visitors share one rate limit. Have the proxy send X-Forwarded-For "
                "and X-Forwarded-Proto, and set TRUSTED_PROXIES to the number of proxies (see deploy/).",
            )

    def _warn(self) -> None:
        self._warned = True
        self._note(
            UNCOUNTED_PROXY,
            "A request had X-Forwarded-For, but TRUSTED_PROXIES is 0: behind a proxy all visitors share one rate "
            "limit. Set TRUSTED_PROXIES to the number of proxies.",
        )

    def _note(self, sighting: str, message: str) -> None:
        """Log a warning, and leave a file for `flask doctor`."""
        log.warning(message)
        try:
            (self._folder / sighting).touch(mode=0o600)
        except OSError:
            log.debug("Could not record the proxy for flask doctor.")


class PathPrefix:
    """Serves below PUBLIC_URL's path, whether the proxy takes the path off or leaves it on."""

    def __init__(self, app: "WSGIApplication", prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer with links that begin with the path; a server that has mounted the app itself is left alone."""
        if not environ.get("SCRIPT_NAME"):
            path = environ.get("PATH_INFO", "")
            if path == self._prefix or path.startswith(self._prefix + "/"):
                environ["PATH_INFO"] = path[len(self._prefix) :] or "/"
            environ["SCRIPT_NAME"] = self._prefix
        return self._app(environ, start_response)


def _is_private(address: str) -> bool:
    """Whether an address is one that a proxy has; a Unix socket has none."""
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return not address


def _host(value: str, otherwise: str) -> str:
    """The address without a port; what is no address is not believed."""
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
