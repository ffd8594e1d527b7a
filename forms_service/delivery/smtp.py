"""SMTP client: one connection per burst of mails, with a deadline for every wait.

Replies to MAIL, RCPT and DATA decide on retries; connection and login faults are always retried.
"""

import contextlib
import smtplib
import ssl
import time
from typing import Any

from forms_service.config import settings
from forms_service.delivery.mail_rendering import Mail, sender_address
from forms_service.delivery.message import DeliveryError

CONNECT_TIMEOUT = 10

SEND_TIMEOUT = 50
"""Per message; shorter than the lease, so no two workers send it."""

CLOSE_TIMEOUT = 2

AUTHENTICATION_CODES = frozenset({530, 534, 535, 538})
"""5xx, but the operator can fix them."""


class _Smtp(smtplib.SMTP):
    def __init__(self, deadline: float, **options: Any) -> None:
        self.deadline = deadline
        super().__init__(**options)

    def getreply(self) -> tuple[int, bytes]:
        if self.sock:
            # one deadline over all replies together
            self.sock.settimeout(max(self.deadline - time.monotonic(), 0.1))
        return super().getreply()


class _SmtpOverTls(_Smtp, smtplib.SMTP_SSL):
    """`_Smtp` with implicit TLS."""


class _ConnectionClosedError(smtplib.SMTPServerDisconnected):
    """The server closes the connection."""


class SmtpConnection:
    """A connection, opened on first use."""

    def __init__(self) -> None:
        self._smtp: _Smtp | None = None

    def send(self, mail: Mail, international: Mail) -> str:
        """Send the mail, or `international` with SMTPUTF8; return the reply.

        :raises DeliveryError: permanent if it will never be accepted
        """
        try:
            return self._send(mail, international, time.monotonic() + SEND_TIMEOUT)
        except _ConnectionClosedError as error:
            self._drop()
            raise DeliveryError(str(error)) from error
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

    def _send(self, mail: Mail, international: Mail, deadline: float) -> str:
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
            smtp.starttls(context=ssl.create_default_context())
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
        raise DeliveryError(_describe_error(error)) from error
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
        smtp: _Smtp = _SmtpOverTls(deadline, context=ssl.create_default_context(), **options)
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
    return f"Port {port} of SMTP_SERVER does not respond ({type(error).__name__})."


def _takes_utf8(smtp: smtplib.SMTP) -> bool:
    return smtp.has_extn("smtputf8") and smtp.has_extn("8bitmime")  # RFC 6531


def _start_transaction(smtp: smtplib.SMTP, mail: Mail) -> None:
    _check_reply(*smtp.mail(mail.sender, ["SMTPUTF8", "BODY=8BITMIME"] if mail.international else []))
    _check_reply(*smtp.rcpt(mail.recipient))


def _send_data(smtp: smtplib.SMTP, mail: Mail) -> str:
    try:
        reply = smtp.data(mail.content)
    except smtplib.SMTPDataError as error:
        reply = error.smtp_code, error.smtp_error  # type: ignore[assignment]  # bytes, whatever typeshed says
    return _check_reply(*reply)


def _check_reply(code: int, reply: bytes | str) -> str:
    if 200 <= code < 300:
        return _format_reply(code, reply)
    if code < 0 or code == 421:
        raise _ConnectionClosedError(_format_reply(code, reply))
    raise DeliveryError(_format_reply(code, reply), permanent=code >= 500 and code not in AUTHENTICATION_CODES)


def _format_reply(code: int, reply: bytes | str) -> str:
    options = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
    return f"{code} {' '.join(options.split())}"
