"""A submission's files in a mail: linked, attached, or named only."""

import logging
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from forms_service.delivery.mail_rendering import Attachment
from forms_service.errors import ApiError
from forms_service.extensions import db
from forms_service.languages.formats import format_size
from forms_service.logs import event
from forms_service.notifications.mail_options import MailOptions
from forms_service.notifications.mail_values import MAX_LABEL_LENGTH, flatten
from forms_service.submissions.console_urls import file_url
from forms_service.uploads import storage
from forms_service.uploads.filenames import get_extension
from forms_service.uploads.models import File
from forms_service.validation.text import strip_controls
from forms_service.virus_scanner.clamd import INFECTED

MAX_ATTACHED = 5 * 2**20
"""Bytes in one mail, before base64; the rest is linked."""

ATTACHABLE = ("application", "audio", "font", "image", "text", "video")
"""Main types; a part of another, such as message/rfc822, must not be in base64 (RFC 2046)."""

PROGRAM = re.compile(
    r"\.(ade|adp|apk|appx|bat|cab|chm|cmd|com|cpl|dll|dmg|exe|hta|ins|iso|isp|jar|jse?|lib|lnk|mde|ms[cip]|msix|mst|nsh|pif"
    r"|ps1|sc[rt]|shb|sys|vb[es]?|vhd|vxd|ws[cfh])"
)
"""Gmail and Outlook reject the whole mail for such an attachment."""


@dataclass(frozen=True)
class ShownFile:
    """A file as the mail lists it; `link` is None where it is attached or the recipient may not fetch it."""

    label: str
    name: str
    size: str
    link: str | None = None
    attached: bool = False


def load_files(submission_id: uuid.UUID) -> Sequence[File]:
    """Return the files of a submission."""
    return db.session.scalars(select(File).where(File.submission_id == submission_id).order_by(File.number)).all()


def show_files(
    files: Sequence[File], labels: Mapping[str, str], options: MailOptions
) -> tuple[list[ShownFile], list[Attachment]]:
    """Return what the mail lists, and what is attached to it.

    Reads and decrypts at most MAX_ATTACHED bytes.
    """
    shown: list[ShownFile] = []
    attachments: list[Attachment] = []
    left = MAX_ATTACHED
    for file in files:
        attachment = _attachment(file) if options.files == "attach" and file.size <= left else None
        if attachment:
            left -= file.size
            attachments.append(attachment)
        is_linked = options.may_open and not attachment and options.files != "none"
        link = file_url(file.submission_id, file.number) if is_linked else None
        label = flatten(labels.get(file.field, file.field), MAX_LABEL_LENGTH)
        shown.append(ShownFile(label, _name(file), format_size(file.size), link, attachment is not None))
    return shown, attachments


def _attachment(file: File) -> Attachment | None:
    if file.scan == INFECTED or PROGRAM.fullmatch(get_extension(file.name)):
        return None
    try:
        content = b"".join(storage.open_decrypted(file.stored_as))
    except (ApiError, ValueError, OSError) as error:  # the mail must go; the link says what is wrong
        event("file_not_attached", level=logging.ERROR, file=file.stored_as, error=type(error).__name__)
        return None
    main = file.content_type.partition("/")[0]
    return Attachment(_name(file), file.content_type if main in ATTACHABLE else "application/octet-stream", content)


def _name(file: File) -> str:
    return strip_controls(file.name)
