"""Security headers: Flask-Talisman's, and those it lacks."""

from functools import cache

from flask import Flask, Response, current_app, request
from flask_talisman import Talisman

from forms_service.config import settings
from forms_service.server.environ import CONSTANT_HEADERS
from forms_service.web.responses import append_headers

API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
FORM_POLICY = PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors *")
"""For pages that name no sites."""

FORM_PATH = "/f/"
"""Sites embed these pages; without a session, clickjacking gains nothing."""

SITE_FILES = frozenset(("/static/forms.js", "/static/embed.css"))
"""Loaded by pages of other sites."""

DOCS_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HSTS = {"off": None, "host": "max-age=31536000", "subdomains": "max-age=31536000; includeSubDomains"}
"""By setting; each binds the whole host, other services included."""

ISOLATION = (
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
)


RESOURCE_POLICY = "Cross-Origin-Resource-Policy"
NO_STORE = ("Cache-Control", "no-store")


def init_app(app: Flask) -> None:
    """Precompute the common headers, of responses for other sites and of all others."""
    common = (*_talisman_headers(), *ISOLATION)
    for_sites, for_us = (*common, (RESOURCE_POLICY, "cross-origin")), (*common, (RESOURCE_POLICY, "same-origin"))
    app.extensions["security_headers"] = {True: for_sites, False: for_us}
    CONSTANT_HEADERS.update(for_sites, for_us, [NO_STORE])


@cache
def _talisman_headers() -> list[tuple[str, str]]:
    # an app of its own: Talisman's hooks would compute them for each response
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
    # `test_request_context` would import a test client and a debugger
    with app.request_context({"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", "HTTP_HOST": "localhost"}):
        headers = app.process_response(Response(headers={})).headers
    return [(name, value) for name, value in headers if name not in ("Content-Type", "Content-Length")]


def add_headers(response: Response) -> None:
    headers, path, is_page = response.headers, request.path, response.mimetype == "text/html"
    for_sites = path.startswith(FORM_PATH) or path in SITE_FILES
    if NO_STORE[0] not in headers:
        append_headers(response, [NO_STORE])
    append_headers(response, current_app.extensions["security_headers"][for_sites])
    if path in SITE_FILES:
        headers["Access-Control-Allow-Origin"] = "*"
    if for_sites and is_page:
        del headers["X-Frame-Options"]  # it knows no list, and is heeded where policies are not
    policy = getattr(response, "policy", (FORM_POLICY if for_sites else PAGE_POLICY) if is_page else None)
    if policy:
        headers["Content-Security-Policy"] = policy
        if "frame-ancestors 'self'" in policy and not for_sites:
            headers["X-Frame-Options"] = "SAMEORIGIN"
    if getattr(response, "shows_others", False):  # what another site serves says nothing of being embedded
        del headers["Cross-Origin-Embedder-Policy"]
    environ = request.environ
    if environ.get("QUERY_STRING") and "token" in request.args:
        headers["Referrer-Policy"] = "no-referrer"  # the address of a page behind a mail's link is a secret
    if environ["wsgi.url_scheme"] in ("https", "wss"):
        promise = HSTS[settings.hsts]
        if promise:
            headers["Strict-Transport-Security"] = promise
