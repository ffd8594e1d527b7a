"""Sending mails: to SMTP_SERVER, or without one, outside production, into files."""

from forms_service.config import settings
from forms_service.delivery import eml_files
from forms_service.delivery.mail_rendering import REPLY_TO, render_mail
from forms_service.delivery.message import DeliveryError, OutgoingMessage
from forms_service.delivery.smtp import SmtpConnection


class MailTransport:
    """Sends mails for as long as a pass takes."""

    def __init__(self) -> None:
        self._smtp = SmtpConnection()

    def send(self, message: OutgoingMessage) -> str:
        """What the server answered, or which file it is in.

        :raises DeliveryError: when the server did not take it
        """
        mail = render_mail(message)
        if settings.smtp_server:
            return self._smtp.send(
                mail, render_mail(message, international=True) if message.values.get(REPLY_TO) else mail
            )
        if settings.production:
            raise DeliveryError("SMTP_SERVER is not set.")
        return eml_files.write(message, mail)

    def close(self) -> None:
        """End the connection."""
        self._smtp.close()
