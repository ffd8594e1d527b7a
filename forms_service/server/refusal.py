"""503 responses that need neither a thread nor the application."""

from functools import cache

RETRY_AFTER = 2
"""Seconds."""

TEXT = b"The service is too busy right now. Try again in a moment."

JSON = b'{"success":false,"message":"' + TEXT + b'","error_type":"ServiceUnavailableError"}\n'
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
    b"Connection: %b\r\n\r\n"
)


@cache
def _response(*, page: bool, keep: bool, with_body: bool) -> bytes:
    content_type, body = (b"text/html", PAGE) if page else (b"application/json", JSON)
    headers = HEADERS % (RETRY_AFTER, content_type, len(body), b"keep-alive" if keep else b"close")
    return headers + body if with_body else headers


def refusal(head: bytes, *, keep: bool) -> bytes:
    """Return a whole response: a page for browsers, else JSON."""
    # after HEAD, a client would take a body for the next response
    return _response(page=b"text/html" in head, keep=keep, with_body=not head.startswith(b"HEAD "))
