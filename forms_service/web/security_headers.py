"""Security headers on every answer: Flask-Talisman's, and what it does not know."""

from flask import Flask, Response, current_app, request
from flask_talisman import Talisman

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


def init_app(app: Flask) -> None:
    """Compute the headers that are the same on every response."""
    app.extensions["security_headers"] = [*_talisman_headers(), *ISOLATION]


def _talisman_headers() -> list[tuple[str, str]]:
    """Return Flask-Talisman's headers, taken from an app of its own: its hooks would compute them for each response."""
    app = Flask("talisman")
    Talisman(
        app,
        force_https=False,  # a POST would become a GET
        strict_transport_security=False,  # it believes X-Forwarded-Proto from anyone; ours is below
        frame_options="DENY",
        content_security_policy=API_POLICY,
        referrer_policy="strict-origin-when-cross-origin",
        permissions_policy={"geolocation": "()", "microphone": "()", "camera": "()"},
        document_policy={},
        x_xss_protection=True,
    )
    with app.test_request_context():
        headers = app.process_response(Response(headers={})).headers
    return [(name, value) for name, value in headers if name not in ("Content-Type", "Content-Length")]


def add_headers(response: Response) -> None:
    """Add the security headers of a response, by its path and kind."""
    headers = response.headers
    # known to be well-formed: Headers.add() would check each, which takes 1 µs
    headers._list.extend(current_app.extensions["security_headers"])
    is_page, for_sites = response.mimetype == "text/html", request.path.startswith(FORM_PATH)
    headers["Cross-Origin-Resource-Policy"] = "cross-origin" if for_sites else "same-origin"
    if for_sites and is_page:
        del headers["X-Frame-Options"]  # it knows no list, and is heeded where policies are not
    policy = getattr(response, "policy", (FORM_POLICY if for_sites else PAGE_POLICY) if is_page else None)
    if policy:
        headers["Content-Security-Policy"] = policy
    if getattr(response, "shows_others", False):  # what another site serves says nothing of being embedded
        del headers["Cross-Origin-Embedder-Policy"]
    if request.query_string and "token" in request.args:
        headers["Referrer-Policy"] = "no-referrer"  # the address of a page behind a mail's link is a secret
    if request.is_secure:
        promise = HSTS[settings.hsts]
        if promise:
            headers["Strict-Transport-Security"] = promise
    headers.setdefault("Cache-Control", "no-store")
