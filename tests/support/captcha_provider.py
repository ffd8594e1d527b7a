"""A CAPTCHA provider on loopback, and what a form makes of its answers."""

import json
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from flask import Flask

from forms_service.errors import ValidationError
from forms_service.forms.cache import PublishedForm
from forms_service.intake.parsing import split_special_fields
from forms_service.spam.captcha import check_token
from forms_service.submissions.parsed_submission import ParsedSubmission
from tests.support import servers
from tests.support.definitions import form_of
from tests.support.web_server import serve_in_thread

Answer = Callable[[BaseHTTPRequestHandler], None]


CLIENT = "192.0.2.7"


class Provider:
    """A server that says what the test has it say, and remembers what it was asked."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[dict[str, list[str]]] = []
        self.paths: list[str] = []
        self.answer: Answer = says({"success": True})
        self.during: Callable[[], None] = lambda: None
        self.may_end = threading.Event()
        self.has_ended = False
        """An answer that goes on until it `may_end` came to its own end."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                provider.requests.append(parse_qs(self.rfile.read(length).decode()))
                provider.paths.append(self.path)
                provider.during()
                provider.answer(self)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.provider = self  # type: ignore[attr-defined]  # for the answers
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self._server.server_port}/verify"
        serve_in_thread(self._server)

    def stop(self) -> None:
        """Nobody listens any more."""
        self._server.shutdown()
        self._server.server_close()


def says(body: Any, status: int = 200, **headers: str) -> Answer:
    """An answer of the provider; what is no text is sent as JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def hangs(handler: BaseHTTPRequestHandler) -> None:
    """Says nothing for longer than anybody waits."""
    provider: Provider = handler.server.provider  # type: ignore[attr-defined]
    provider.has_ended = not provider.may_end.wait(servers.TIMEOUT)


def drips(handler: BaseHTTPRequestHandler) -> None:
    """Says something all the time and never all of it."""
    provider: Provider = handler.server.provider  # type: ignore[attr-defined]
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):  # nobody listens any more
        for _ in range(servers.TIMEOUT * 20):
            if provider.may_end.wait(0.05):
                return
            handler.wfile.write(b" ")
            handler.wfile.flush()
        provider.has_ended = True


def submission_with(**tokens: Any) -> ParsedSubmission:
    submission = split_special_fields({name.replace("_", "-"): token for name, token in tokens.items()})
    submission.client = CLIENT
    return submission


TURNSTILE = form_of(challenge="turnstile", challenge_site_key="site", challenge_secret="secret")


def outcome(app: Flask, incoming: ParsedSubmission | None = None, form: PublishedForm = TURNSTILE) -> Any:
    """None, the reason for spam, or what is said of the token."""
    with app.app_context():
        try:
            return check_token(form, incoming or submission_with(cf_turnstile_response="token"))
        except ValidationError as error:
            return {field: [fault.code for fault in faults] for field, faults in error.field_errors.items()}
