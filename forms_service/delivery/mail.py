"""Sending mails: to SMTP_SERVER, or without one, outside production, into files."""

import os
import re
from email.message import EmailMessage
from pathlib import Path

from forms_service.config import settings
from forms_service.delivery.composing import compose
from forms_service.delivery.parcel import DeliveryError, Parcel
from forms_service.delivery.smtp import SmtpConnection
from forms_service.web.logs import event

FOLDER = "outbox"
"""In the instance folder: mails as `.eml` files."""

LINK = re.compile(r"^https?://\S+$", re.MULTILINE)


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
        return _write(parcel, message)

    def close(self) -> None:
        """End the connection."""
        self._smtp.close()


def _write(parcel: Parcel, message: EmailMessage) -> str:
    """Write the mail for whoever tries the service out, and show its link: the one token that a log may hold."""
    folder = settings.instance_path / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{parcel.created_at:%Y%m%dT%H%M%S}-{parcel.kind}-{parcel.id}.eml"
    _write_privately(path, message.as_bytes())
    link = LINK.search(_text(message))
    event("mail_written", kind=parcel.kind, file=f"{FOLDER}/{path.name}", link=link[0] if link else None)
    return f"Written to {path}"


def _write_privately(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return part.get_content() if part else ""
