"""CSRF protection: a token bound to the cookie, and the browser's own word on where the request comes from."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import request

from forms_service.config import settings
from forms_service.console import cookies
from forms_service.errors import AuthorizationError, UnsupportedMediaTypeError
from forms_service.security import create_hmac_signature, derive_subkey, verify_hmac_signature
from forms_service.validation.urls import parse_origin
from forms_service.web.bodies import is_json, json_or_form_body

FIELD = "csrf_token"
OTHER_SITE = "This request came from another site. Open the console at its own address: {url}"
NO_FORM = "The console takes forms only. Programs use the API."
OUT_OF_DATE = "This page is out of date, or your browser blocks cookies. Try again from a new page."


def token() -> str:
    """Return the token for the forms of this page."""
    return create_hmac_signature(cookies.read_or_begin(), _key())


def protect(view: Callable[..., Any]) -> Callable[..., Any]:
    """Check a public POST."""

    @wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        check()
        return view(*args, **kwargs)

    return wrapper


def check() -> None:
    """Take the token out of the body.

    :raises AuthorizationError: if it is missing or wrong, or the request comes from another site
    :raises UnsupportedMediaTypeError: for JSON
    """
    if not _is_same_origin():
        raise AuthorizationError(OTHER_SITE.format(url=f"{settings.public_url}/console"))
    if is_json():  # no page sends it, and a form shown again has texts only
        raise UnsupportedMediaTypeError(NO_FORM)
    value = json_or_form_body().pop(FIELD, None)
    cookie = cookies.read()
    is_text = isinstance(value, str) and value.isascii()
    if cookie is None or not is_text or not verify_hmac_signature(cookie, str(value), _key()):
        raise AuthorizationError(OUT_OF_DATE)


def _is_same_origin() -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site == "same-origin"
    # over plain http browsers send Origin alone; every browser sends it with a POST
    url = urlsplit(settings.public_url)
    return request.headers.get("Origin") == parse_origin(f"{url.scheme}://{url.netloc}")


def _key() -> str:
    return derive_subkey(settings.secret_key, "forms_service console csrf").hex()
