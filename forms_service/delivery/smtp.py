"""SMTP client: one connection per burst of mails, with a deadline for every wait.

Replies to MAIL, RCPT and DATA decide on retries; connection and login faults are always retried.
"""

import contextlib
import io
import re
import smtplib
import socket
import ssl
import time
from typing import Any

from forms_service.config import settings
from forms_service.delivery.mail_rendering import Mail, sender_address
from forms_service.delivery.message import Answer, DeliveryError

CONNECT_TIMEOUT = 10

SEND_TIMEOUT = 50
"""Per message; shorter than the lease, so no two workers send it."""

CLOSE_TIMEOUT = 2

AUTHENTICATION_CODES = frozenset({530, 534, 535, 538})
"""5xx, but the operator can fix them."""

ENHANCED_CODE = re.compile(r"(?:^|#)([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")
"""RFC 3463's, in front of the text as in RFC 2034, or as `(#5.1.1)`."""

BAD_MAILBOX = frozenset({(5, 1, 1), (5, 1, 2), (5, 1, 3), (5, 1, 4), (5, 1, 6), (5, 1, 10), (5, 2, 1)})
"""No such mailbox or domain, invalid, moved without a trace, null MX, disabled.

The others of 5.1 are about the sender (5.1.7, 5.1.8) or another relay (5.1.9). 5.2.2 is a full mailbox, 5.3 and 5.4 the
server and its routes, and 5.7 policy: relaying, blocklists, SPF. An address is innocent of those.
"""

UNKNOWN_ADDRESS_STATUS = (5, 1, 0)
VAGUE = frozenset({None, (5, 0, 0), (5, 2, 0), (5, 5, 0)})
"""Codes that say nothing: Exim sends none for an unknown user, Outlook.com 5.5.0."""

NOT_THE_ADDRESS = re.compile(
    r"relay|sender|\bfrom\b|spam|block|list|polic|reputation|\bR?DNS\b|\bSPF\b|DKIM|DMARC|\bPTR\b|\bIP\b|\bHELO\b|client|"
    r"denied|not (?:allowed|permitted)|auth|log ?in|quota|full|limit|rate|too (?:many|large)|try again|later|temporar",
    re.IGNORECASE,
)
"""Words of a refusal that concerns the relay, the sender or the moment."""

ADDRESS = re.compile(r"[^\s@]{1,300}@[^\s@]{1,300}")
"""Left out of the words: a mailbox may be named `sales-list`."""


class _Smtp(smtplib.SMTP):
    sock: socket.socket
    file: io.BufferedReader | None

    def __init__(self, deadline: float, **options: Any) -> None:
        self.deadline = deadline
        super().__init__(**options)

    def getreply(self) -> tuple[int, bytes]:
        if self.sock and self.file is None:
            self.file = io.BufferedReader(_Replies(self))
        return super().getreply()


class _Replies(io.RawIOBase):
    """Replies of the server, read until the deadline: one may have any number of lines."""

    def __init__(self, smtp: _Smtp) -> None:
        self._smtp = smtp

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._smtp.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("too slow")
        self._smtp.sock.settimeout(left)
        return self._smtp.sock.recv_into(buffer)


class _SmtpOverTls(_Smtp, smtplib.SMTP_SSL):
    """`_Smtp` with implicit TLS."""


class _ConnectionClosedError(smtplib.SMTPServerDisconnected):
    """The server closes the connection, or its replies no longer belong to the commands."""

    def __init__(self, code: int, answer: str) -> None:
        self.code = code if code > 0 else None
        self.answer = answer
        super().__init__(answer)


class SmtpConnection:
    """A connection, opened on first use."""

    def __init__(self) -> None:
        self._smtp: _Smtp | None = None

    def send(self, mail: Mail, international: Mail) -> Answer:
        """Send the mail, or `international` with SMTPUTF8; return the reply.

        :raises DeliveryError: permanent if it will never be accepted
        """
        try:
            return self._send(mail, international, time.monotonic() + SEND_TIMEOUT)
        except _ConnectionClosedError as error:
            self._drop()
            raise DeliveryError(error.answer, status=error.code) from error
        except smtplib.SMTPNotSupportedError as error:
            raise DeliveryError("The server does not support this address (SMTPUTF8).", permanent=True) from error
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise DeliveryError(f"The connection was lost ({type(error).__name__}).") from error

    def close(self) -> None:
        if self._smtp:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._smtp.deadline = time.monotonic() + CLOSE_TIMEOUT
                self._smtp.quit()
            self._drop()

    def _send(self, mail: Mail, international: Mail, deadline: float) -> Answer:
        if self._smtp:
            try:
                self._smtp.deadline = min(deadline, time.monotonic() + CONNECT_TIMEOUT)
                self._smtp.rset()
                chosen = international if _takes_utf8(self._smtp) else mail
                _start_transaction(self._smtp, chosen)
            except (smtplib.SMTPServerDisconnected, OSError):
                self._drop()
        if not self._smtp:
            self._smtp = connect(CONNECT_TIMEOUT)
            self._smtp.deadline = deadline
            chosen = international if _takes_utf8(self._smtp) else mail
            _start_transaction(self._smtp, chosen)
        self._smtp.deadline = deadline
        return _send_data(self._smtp, chosen)

    def _drop(self) -> None:
        if self._smtp:
            self._smtp.close()
        self._smtp = None


def responds(seconds: float) -> bool:
    """Whether the server greets in time."""
    try:
        smtp = _open(seconds)
        smtp.quit()
    except (smtplib.SMTPException, OSError, UnicodeError):
        return False
    return True


def connect(seconds: float) -> _Smtp:
    """Return a connection, encrypted and logged in as configured.

    :raises DeliveryError: naming the fault
    """
    smtp = None
    try:
        smtp = _open(seconds)
        if settings.smtp_tls == "starttls":
            smtp.starttls(context=settings.smtp_tls_context)
            smtp.ehlo()
        if settings.smtp_username:
            smtp.login(settings.smtp_username, settings.smtp_password or "")
    except UnicodeError:  # smtplib sends only ASCII; its error would reveal the character
        if smtp:
            smtp.close()
        raise DeliveryError("SMTP_SERVER is not a host name, or SMTP_USERNAME or SMTP_PASSWORD is not ASCII.") from None
    except (smtplib.SMTPException, OSError) as error:
        if smtp:
            smtp.close()
        code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
        raise DeliveryError(_describe_error(error), status=code) from error
    return smtp


def _open(seconds: float) -> _Smtp:
    options = {
        "host": settings.smtp_server,
        "port": settings.smtp_port,
        "local_hostname": sender_address().domain,  # otherwise smtplib looks up this host's name, which may be slow
        "timeout": seconds,
    }
    deadline = time.monotonic() + seconds
    if settings.smtp_tls == "tls":
        smtp: _Smtp = _SmtpOverTls(deadline, context=settings.smtp_tls_context, **options)
    else:
        smtp = _Smtp(deadline, **options)
    try:
        smtp.ehlo_or_helo_if_needed()
    except BaseException:
        smtp.close()
        raise
    return smtp


def _describe_error(error: Exception) -> str:
    port = settings.smtp_port
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"{_format_reply(error.smtp_code, error.smtp_error)} (SMTP_USERNAME or SMTP_PASSWORD is wrong)"
    if isinstance(error, smtplib.SMTPResponseException):
        return _format_reply(error.smtp_code, error.smtp_error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of SMTP_SERVER is invalid: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"Port {port} of SMTP_SERVER does not speak TLS (SMTP_TLS is {settings.smtp_tls})."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return f"Port {port} of SMTP_SERVER does not support what the settings require: {error}"
    # login() raises the plain exception where the server offers only other ways, such as XOAUTH2
    has_no_passwords = type(error) is smtplib.SMTPException
    fault = "accepts no login by password" if has_no_passwords else f"does not respond ({type(error).__name__})"
    return f"Port {port} of SMTP_SERVER {fault}."


def _takes_utf8(smtp: smtplib.SMTP) -> bool:
    return smtp.has_extn("smtputf8") and smtp.has_extn("8bitmime")  # RFC 6531


def _start_transaction(smtp: smtplib.SMTP, mail: Mail) -> None:
    _check_reply(*smtp.mail(mail.sender, ["SMTPUTF8", "BODY=8BITMIME"] if mail.international else []))
    _check_reply(*smtp.rcpt(mail.recipient), command="RCPT")


def _send_data(smtp: smtplib.SMTP, mail: Mail) -> Answer:
    try:
        reply = smtp.data(mail.content)
    except smtplib.SMTPDataError as error:
        reply = error.smtp_code, error.smtp_error  # type: ignore[assignment]  # bytes, whatever typeshed says
        if 200 <= error.smtp_code < 300:  # the reply to an earlier command, as the text was not sent
            raise _ConnectionClosedError(error.smtp_code, _format_reply(*reply)) from error
    return _check_reply(*reply, command="DATA")


def _check_reply(code: int, reply: bytes | str, *, command: str = "MAIL") -> Answer:
    answer = _format_reply(code, reply)
    if 200 <= code < 300:
        return Answer(answer, code)
    if code < 0 or code == 421:
        raise _ConnectionClosedError(code, answer)
    permanent = code >= 500 and code not in AUTHENTICATION_CODES
    bad_address = permanent and _is_bad_address(code, _reply_text(reply), command)
    raise DeliveryError(answer, permanent=permanent, bad_address=bad_address, status=code)


def _is_bad_address(code: int, text: str, command: str) -> bool:
    # in doubt no: a wrongly suppressed address loses every mail, a missed one costs another attempt with the next mail
    if command == "MAIL":
        return False
    match = ENHANCED_CODE.search(text)
    status = (int(match[1]), int(match[2]), int(match[3])) if match else None
    if status in BAD_MAILBOX:
        return True
    # after RCPT, 550 means the mailbox unless the words say otherwise; after DATA, the content may be at fault. 551 and
    # 553 are relay denials as often, 552 and 554 anything
    vague = status == UNKNOWN_ADDRESS_STATUS or (command == "RCPT" and code == 550 and status in VAGUE)
    return vague and not NOT_THE_ADDRESS.search(ADDRESS.sub("", text))


def _format_reply(code: int, reply: bytes | str) -> str:
    return f"{code} {_reply_text(reply)}"


def _reply_text(reply: bytes | str) -> str:
    text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return " ".join(text.split())
