"""A mail server on loopback that accepts everything, or misbehaves like real ones."""

import asyncio
import email
import email.policy
import logging
import threading
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.servers import free_port

logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's, which shows every line of a conversation

HANG, DROP, TAKE_AND_DROP, TAKE_AND_LEAVE = "hang", "drop", "take and drop", "take and leave"
"""Runs after the text of a message instead of answering; the last one takes it, answers and is gone."""


class MailServer:
    """Keeps what it takes; `at_rcpt` and `at_data` are asked first: None to take it, a reply, or a bad day."""

    def __init__(self, **options: Any) -> None:
        self.port = free_port()
        self.received: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.logins: list[str] = []
        self.connections = 0
        self.at_rcpt: Callable[[str], str | None] = lambda _: None
        self.at_data: Callable[[EmailMessage], str | None] = lambda _: None
        self.hanging = threading.Event()
        self._options = options
        self.start()

    @property
    def settings(self) -> dict[str, str]:
        """Settings of a service that uses this server."""
        return {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": str(self.port), "SMTP_TLS": "none"}

    @property
    def ids(self) -> list[str]:
        """The Message-ID of everything that was taken, in order."""
        return [message["Message-ID"] for message in self.received]

    def start(self) -> None:
        """Answer."""
        options = {"hostname": "127.0.0.1", "port": self.port, "authenticator": self._authenticate, **self._options}
        self._controller: Controller | None = Controller(self, **options)
        self._controller.start()
        self.hanging.clear()

    def stop(self) -> None:
        """Be gone."""
        self.hanging.set()
        if self._controller:
            self._controller.stop()
        self._controller = None

    async def handle_EHLO(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += session.ssl is None
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refused = self.at_rcpt(address)
        if refused:
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content or b"", policy=email.policy.default)
        act = self.at_data(message)
        if act == HANG:
            while not self.hanging.is_set():  # noqa: ASYNC110 (set by another thread)
                await asyncio.sleep(0.01)
        if act in (HANG, DROP):
            server.transport.abort()
            return "451 gone"
        if act is None or act in (TAKE_AND_DROP, TAKE_AND_LEAVE):
            self.received.append(message)
            self.envelopes.append(envelope)
        if act == TAKE_AND_DROP:
            server.transport.abort()
        if act == TAKE_AND_LEAVE:
            asyncio.get_running_loop().call_soon(server.transport.close)  # once this answer is written
        return "250 Taken as number 7" if act in (None, TAKE_AND_DROP, TAKE_AND_LEAVE) else act

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        self.logins.append(data.login.decode())
        return AuthResult(success=data.password == b"mail-password", handled=False)
