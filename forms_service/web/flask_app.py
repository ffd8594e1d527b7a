"""Flask without what this service never uses, which would take 60 µs of every request."""

from collections.abc import Callable
from json import JSONEncoder
from typing import Any

from flask import Flask, Request
from flask.json.provider import DefaultJSONProvider
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface


class Sessions(SecureCookieSessionInterface):
    """Flask's sessions in a cookie; where no cookie came, none is looked for."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """What the cookie holds."""
        if "HTTP_COOKIE" in request.environ:
            return super().open_session(app, request)
        return self.session_class() if app.secret_key else None


class Json(DefaultJSONProvider):
    """Flask's JSON, its keys in the order they were put in, and one encoder for all answers."""

    sort_keys = False

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self._encode = JSONEncoder(default=self.default, separators=(",", ":")).encode

    def response(self, *args: Any, **kwargs: Any) -> Any:
        """An answer with what was given."""
        text = self._encode(self._prepare_response_obj(args, kwargs))
        return self._app.response_class(f"{text}\n", content_type=self.mimetype)


class App(Flask):
    """An app whose views are all synchronous."""

    json_provider_class = Json
    session_interface = Sessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is: Flask would ask each of a dozen at every request whether it is a coroutine."""
        return func
