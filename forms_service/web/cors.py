"""CORS of the API, by CORS_ORIGINS; forms have their own."""

from flask import Response, request

from forms_service.config import settings

ALLOWED_HEADERS = "Accept, Authorization, Content-Type, Idempotency-Key, X-Request-ID, X-Requested-With"
EXPOSED_HEADERS = (
    "Content-Disposition, Retry-After, X-Process-Time, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, "
    "X-Request-ID, X-Submissions-Left-Out"
)
PREFLIGHT_SECONDS = 7200
"""Cache lifetime, at Chromium's cap."""


def add_headers(response: Response) -> None:
    """Add headers, on errors too; answer preflights."""
    origins = settings.cors_origins
    if not origins:
        return
    any_origin = "*" in origins
    if not any_origin:
        response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if not origin or not (any_origin or origin.lower() in origins):
        return
    response.headers["Access-Control-Allow-Origin"] = "*" if any_origin else origin
    if settings.cors_allow_credentials:
        response.headers["Access-Control-Allow-Credentials"] = "true"
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "GET, POST, OPTIONS")
        response.headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    else:
        response.headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
