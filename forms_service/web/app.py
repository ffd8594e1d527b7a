"""Flask without what this service never uses, which would take 60 µs of every request."""

from collections.abc import Callable
from typing import Any

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions in a cookie; where no cookie came, none is looked for."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """What the cookie holds."""
        if "HTTP_COOKIE" in request.environ:
            return super().open_session(app, request)
        return self.session_class() if app.secret_key else None


class App(Flask):
    """An app whose views are all synchronous."""

    session_interface = Sessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is: Flask would ask each of a dozen at every request whether it is a coroutine."""
        return func
