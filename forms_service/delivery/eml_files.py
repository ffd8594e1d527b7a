"""Writes mails to the instance folder, outside production without SMTP_SERVER."""

import logging
import os
import re
import uuid
from collections.abc import Collection
from pathlib import Path

from forms_service.config import settings
from forms_service.delivery.mail_rendering import Mail
from forms_service.delivery.message import OutgoingMessage
from forms_service.logs import event

FOLDER = "outbox"
LINK = re.compile(r"^https?://\S+$", re.MULTILINE)

log = logging.getLogger(__name__)


def write(message: OutgoingMessage, mail: Mail) -> str:
    """Write the mail and log its link, the only token logs may contain."""
    folder = settings.instance_path / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{message.created_at:%Y%m%dT%H%M%S}-{message.kind}-{message.id}.eml"
    _write_privately(path, mail.content.replace(b"\r\n", b"\n"))
    link = LINK.search(mail.text)
    file = f"{FOLDER}/{path.name}"
    event("mail_written", kind=message.kind, file=file, link=link[0] if link else None)
    return f"Written to {settings.instance_path.name}/{file}"  # owners read it: no path of the server


def remove(message_ids: Collection[uuid.UUID]) -> None:
    """Delete the files of erased messages."""
    names = {str(message_id) for message_id in message_ids}
    try:
        for path in (settings.instance_path / FOLDER).glob("*.eml") if names else ():
            if path.stem[-36:] in names:
                path.unlink(missing_ok=True)
    except OSError:
        log.warning("Could not remove the mails about erased data from %s.", FOLDER, exc_info=True)


def _write_privately(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
