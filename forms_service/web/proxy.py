"""Where a request really came from, and under which path the service is mounted: WSGI, before Flask looks."""

import ipaddress
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from forms_service.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO")
UNCOUNTED_PROXY = "uncounted-proxy"
"""A file in the instance folder: a request came with X-Forwarded-For while TRUSTED_PROXIES is 0."""

Parse = Callable[[str, str], str]
"""What a header says and what to fall back on → what to believe."""

log = logging.getLogger(__name__)


def init_app(app: Flask, settings: Settings) -> None:
    """Put both in front of the app."""
    wsgi_app: WSGIApplication = app.wsgi_app
    if settings.public_path:
        wsgi_app = UnderPath(wsgi_app, settings.public_path)
    app.wsgi_app = BehindProxies(wsgi_app, settings)  # type: ignore[method-assign]  # Flask's documented way


class BehindProxies:
    """Believes X-Forwarded-For and X-Forwarded-Proto of as many proxies as are counted, from the right."""

    def __init__(self, app: "WSGIApplication", settings: Settings) -> None:
        self._app = app
        self._count = settings.trusted_proxies
        self._sighting = settings.instance_path / UNCOUNTED_PROXY
        self._warned = False

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer with the address and scheme that the counted proxies saw."""
        if self._count:
            environ["REMOTE_ADDR"] = self._counted(environ, FORWARDED[0], _host, environ.get("REMOTE_ADDR", ""))
            environ["wsgi.url_scheme"] = self._counted(environ, FORWARDED[1], _scheme, environ["wsgi.url_scheme"])
        elif not self._warned and FORWARDED[0] in environ:
            self._warn()
        return self._app(environ, start_response)

    def _counted(self, environ: "WSGIEnvironment", header: str, parse: Parse, otherwise: str) -> str:
        """What the outermost counted proxy wrote; one that writes over the header instead of adding leaves fewer."""
        values = [value.strip() for value in environ.get(header, "").split(",") if value.strip()]
        return parse(values[-min(self._count, len(values))], otherwise) if values else otherwise

    def _warn(self) -> None:
        self._warned = True
        log.warning(
            "X-Forwarded-For came with a request, but TRUSTED_PROXIES is 0: behind a proxy all visitors share "
            "one rate limit. Set TRUSTED_PROXIES to how many proxies stand in front."
        )
        try:
            Path(self._sighting).touch(mode=0o600)
        except OSError:
            log.debug("The sighting could not be noted for flask doctor.")


class UnderPath:
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
