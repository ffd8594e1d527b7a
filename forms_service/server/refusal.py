"""503 responses that need neither a thread nor the application."""

RETRY_AFTER = 2
"""Seconds."""

TEXT = b"The service is too busy right now. Try again in a moment."

JSON = b'{"success":false,"error":{"code":"SERVICE_UNAVAILABLE","message":"' + TEXT + b'"}}'
PAGE = (
    b'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    b"<title>Too busy</title><h1>Too busy</h1><p>" + TEXT + b" Go back to the form: your browser keeps your text."
)

HEADERS = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Retry-After: %d\r\n"
    b"Cache-Control: no-store\r\n"
    b"Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
    b"X-Content-Type-Options: nosniff\r\n"
    b"Access-Control-Allow-Origin: *\r\n"  # a script on another site must see that it is a 503; there are no cookies
    b"Access-Control-Expose-Headers: Retry-After\r\n"
    b"Content-Type: %b; charset=utf-8\r\n"
    b"Content-Length: %d\r\n"
    b"Connection: close\r\n\r\n"
)


def _response(content_type: bytes, body: bytes) -> bytes:
    return HEADERS % (RETRY_AFTER, content_type, len(body)) + body


AS_JSON, AS_PAGE = _response(b"application/json", JSON), _response(b"text/html", PAGE)


def refusal(head: bytes) -> bytes:
    """Return a whole response, a page for browsers."""
    return AS_PAGE if b"text/html" in head else AS_JSON
