"""Sending mails: to SMTP_SERVER, or without one, outside production, into files."""

from forms_service.config import settings
from forms_service.delivery import written
from forms_service.delivery.composing import compose
from forms_service.delivery.parcel import DeliveryError, Parcel
from forms_service.delivery.smtp import SmtpConnection


class Mailer:
    """Sends mails for as long as a pass takes."""

    def __init__(self) -> None:
        self._smtp = SmtpConnection()

    def send(self, parcel: Parcel) -> str:
        """What the server answered, or which file it is in.

        :raises DeliveryError: when the server did not take it
        """
        message = compose(parcel)
        if settings.smtp_server:
            return self._smtp.send(message)
        if settings.production:
            raise DeliveryError("SMTP_SERVER is not set.")
        return written.write(parcel, message)

    def close(self) -> None:
        """End the connection."""
        self._smtp.close()
