"""Sending mails: to SMTP_SERVER, or without one, outside production, into files."""

from forms_service.config import settings
from forms_service.delivery import eml_files
from forms_service.delivery.mail_rendering import REPLY_TO, compose
from forms_service.delivery.message import DeliveryError, Parcel
from forms_service.delivery.smtp import SmtpConnection


class Mailer:
    """Sends mails for as long as a pass takes."""

    def __init__(self) -> None:
        self._smtp = SmtpConnection()

    def send(self, parcel: Parcel) -> str:
        """What the server answered, or which file it is in.

        :raises DeliveryError: when the server did not take it
        """
        mail = compose(parcel)
        if settings.smtp_server:
            return self._smtp.send(mail, compose(parcel, international=True) if parcel.values.get(REPLY_TO) else mail)
        if settings.production:
            raise DeliveryError("SMTP_SERVER is not set.")
        return eml_files.write(parcel, mail)

    def close(self) -> None:
        """End the connection."""
        self._smtp.close()
