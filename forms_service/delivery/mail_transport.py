"""The mail transport: SMTP_SERVER, or files outside production."""

from forms_service.config import settings
from forms_service.delivery import eml_files
from forms_service.delivery.mail_rendering import REPLY_TO, render_mail
from forms_service.delivery.message import Answer, DeliveryError, OutgoingMessage
from forms_service.delivery.smtp import SmtpConnection


class MailTransport:
    """Sends mails, over one connection per burst."""

    def __init__(self) -> None:
        self._smtp = SmtpConnection()

    def send(self, message: OutgoingMessage) -> Answer:
        mail = render_mail(message)
        if settings.smtp_server:
            return self._smtp.send(
                mail, render_mail(message, international=True) if message.values.get(REPLY_TO) else mail
            )
        if settings.production:
            raise DeliveryError("SMTP_SERVER is not set.")
        return Answer(eml_files.write(message, mail))

    def close(self) -> None:
        self._smtp.close()
