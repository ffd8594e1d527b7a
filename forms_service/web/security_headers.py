"""Security headers on every answer: Flask-Talisman's, and what it does not know."""

from collections.abc import Iterable

from flask import Flask, Response, request
from flask_talisman import Talisman
from werkzeug.datastructures import Headers

from forms_service.config import settings

API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
FORM_POLICY = PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
"""Of the pages under FORM_PATH that name no sites of their own."""

FORM_PATH = "/f/"
"""Sites build these pages in and read their answers; no session is open there, so a frame has nothing to steal."""

DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HSTS = {"off": None, "host": "max-age=31536000", "subdomains": "max-age=31536000; includeSubDomains"}
"""Strict-Transport-Security by the setting HSTS: it holds for a whole host, whatever else is served there."""

ISOLATION = (
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
)


def append_headers(headers: Headers, pairs: Iterable[tuple[str, str]]) -> None:
    """Add headers that are known to be well-formed: Werkzeug checks each one that it is given, for a microsecond."""
    headers._list.extend(pairs)


class SameForAllViews(Talisman):  # type: ignore[misc]  # Talisman has no types
    """Talisman whose options are no view's own, so that its headers are worked out once and not for each answer."""

    _worked_out: list[tuple[str, str]] | None = None

    def _force_https(self) -> None:
        """A POST would become a GET."""

    def _make_nonce(self) -> None:
        """No policy of ours has one."""

    def _set_response_headers(self, response: Response) -> Response:
        if self._worked_out is None:
            headers = super()._set_response_headers(Response(headers={})).headers
            headers.remove("Content-Type")
            headers.remove("Content-Length")
            self._worked_out = list(headers)
        append_headers(response.headers, self._worked_out)
        return response


def init_app(app: Flask) -> None:
    """Register ours before Talisman's, since Flask runs what comes after a request from the last to the first."""
    app.after_request(_add_headers)
    SameForAllViews().init_app(
        app,
        force_https=False,
        session_cookie_secure=False,  # it would set it for the whole process at the first request
        strict_transport_security=False,  # it believes X-Forwarded-Proto from anyone; ours is below
        frame_options="DENY",
        content_security_policy=API_POLICY,
        referrer_policy="strict-origin-when-cross-origin",
        permissions_policy={"geolocation": "()", "microphone": "()", "camera": "()"},
        document_policy={},
        x_xss_protection=True,
    )


def _add_headers(response: Response) -> Response:
    is_page, for_sites = response.mimetype == "text/html", request.path.startswith(FORM_PATH)
    append_headers(response.headers, ISOLATION)
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if for_sites else "same-origin"
    if for_sites and is_page:
        del response.headers["X-Frame-Options"]  # it knows no list, and is heeded where policies are not
    policy = getattr(response, "policy", (FORM_POLICY if for_sites else PAGE_POLICY) if is_page else None)
    if policy:
        response.headers["Content-Security-Policy"] = policy
    if getattr(response, "shows_others", False):  # what another site serves says nothing of being embedded
        del response.headers["Cross-Origin-Embedder-Policy"]
    if request.query_string and "token" in request.args:
        response.headers["Referrer-Policy"] = "no-referrer"  # the address of a page behind a mail's link is a secret
    if request.is_secure:
        promise = HSTS[settings.hsts]
        if promise:
            response.headers["Strict-Transport-Security"] = promise
    response.headers.setdefault("Cache-Control", "no-store")
    return response
